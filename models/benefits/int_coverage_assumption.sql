-- What the live system may have counted otherwise: one row a component with it and without it, with where the ladder
-- would have stood (rule E8).
with

differing as (

    select * from {{ ref('int_payout_difference') }}

),

-- Of schemes with several expense pools only the sums are tried.
terms as (

    select * from {{ ref('int_scheme_term') }}

)

{%- for component in priced_components() %}
{%- for sign, word in [('+', 'with'), ('-', 'without')] %}
{{ 'union all' if not (loop.first and component == priced_components()[0]) }}

select
    differing.settlement_id,
    differing.scheme_id,
    'coverage' as cause,
    '{{ word }} {{ component }}' as assumption,
    differing.assistance_category,
    true as is_limited,
    {{ payable_expense('differing.accumulated_before', 'terms') }} as stood_at,
    {{ payable_expense('(differing.accumulated_after ' ~ sign ~ ' differing.' ~ component ~ ')', 'terms') }}
        as stands_at
from differing
inner join terms
    on
        differing.scheme_id = terms.scheme_id
        and differing.insurance_type = terms.insurance_type
        and differing.valid_from = terms.valid_from
        and differing.assistance_category = terms.assistance_category
where differing.{{ component }} <> 0
{%- endfor %}
{%- endfor %}
