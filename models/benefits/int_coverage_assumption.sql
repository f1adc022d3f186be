-- What the live system may have counted otherwise: one row a component with it and without it, in each expense pool,
-- with where the ladder would have stood (rule E8).
with

differing as (

    select * from {{ ref('int_payout_difference') }}

),

pools as (

    select
        *,
        count(*) over (partition by settlement_id, scheme_id) as pool_count
    from {{ ref('int_pool_difference') }}

),

terms as (

    select * from {{ ref('int_pool_term') }}

)

{%- for component in priced_components() %}
{%- for sign, word in [('+', 'with'), ('-', 'without')] %}
{{ 'union all' if not (loop.first and component == priced_components()[0]) }}

select
    differing.settlement_id,
    differing.scheme_id,
    'coverage' as cause,
    '{{ word }} {{ component }}' || case when pools.pool_count > 1 then ' in ' || pools.expense_pool else '' end
        as assumption,
    differing.assistance_category,
    true as is_limited,
    differing.payable_before as stood_at,
    differing.payable_after
    + {{ payable_expense('(pools.accumulated_after ' ~ sign ~ ' differing.' ~ component ~ ')', 'terms') }}
    - {{ payable_expense('pools.accumulated_after', 'terms') }} as stands_at
from differing
inner join pools
    on
        differing.settlement_id = pools.settlement_id
        and differing.scheme_id = pools.scheme_id
inner join terms
    on
        differing.scheme_id = terms.scheme_id
        and pools.expense_pool = terms.expense_pool
        and differing.insurance_type = terms.insurance_type
        and differing.valid_from = terms.valid_from
        and differing.assistance_category = terms.assistance_category
where differing.{{ component }} <> 0
{%- endfor %}
{%- endfor %}
