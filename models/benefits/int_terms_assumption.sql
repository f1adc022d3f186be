-- What the live system may have assumed otherwise: one row an assumption, with where its ladder would have stood
-- (rule E8).
with

differing as (

    select * from {{ ref('int_payout_difference') }}

),

pools as (

    select * from {{ ref('int_pool_difference') }}

),

terms as (

    select * from {{ ref('int_pool_term') }}

),

-- Each expense pool has its deductible; what is payable of them is added up (rule E3).
under_terms as (

    select
        differing.settlement_id,
        differing.scheme_id,
        terms.assistance_category,
        max(terms.assistance_category = differing.assistance_category) as is_own_category,
        sum({{ payable_expense('pools.accumulated_before', 'terms') }}) as payable_before,
        sum({{ payable_expense('pools.accumulated_after', 'terms') }}) as payable_after,
        sum(greatest(pools.accumulated_before - terms.deductible, 0)) as unlimited_before,
        sum(greatest(pools.accumulated_after - terms.deductible, 0)) as unlimited_after,
        sum(greatest(pools.eligible_expense - terms.deductible, 0)) as anew_after,
        sum({{ payable_expense('(pools.accumulated_before + pools.reversed_before)', 'terms') }})
            as unreversed_before,
        sum({{ payable_expense('(pools.accumulated_after + pools.reversed_before)', 'terms') }}) as unreversed_after,
        max(case when pools.reversed_before <> 0 then 1 else 0 end) as is_after_reversal,
        max(differing.accumulated_before) as accumulated_before,
        max(differing.accumulated_after) as accumulated_after,
        max(differing.payable_before) as own_payable_before,
        max(differing.payable_after) as own_payable_after
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
    group by differing.settlement_id, differing.scheme_id, terms.assistance_category

)

{%- set assumptions = [
    ('category', "'as ' || assistance_category", 'true', 'payable_before', 'payable_after', 'not is_own_category'),
    ('deductible', "'no deductible'", 'true', 'accumulated_before', 'accumulated_after', 'is_own_category'),
    ('deductible', "'deductible taken anew'", 'true', '0', 'anew_after',
        'is_own_category and accumulated_before > 0'),
    ('tier', "'tiers begun anew'", 'true', '0', 'greatest(own_payable_after - own_payable_before, 0)',
        'is_own_category and own_payable_before > 0'),
    ('limit', "'no limit'", 'false', 'unlimited_before', 'unlimited_after', 'is_own_category'),
    ('reversal', "'accumulator not lowered by earlier reversals'", 'true', 'unreversed_before', 'unreversed_after',
        'is_own_category and is_after_reversal = 1'),
] %}
{%- for cause, assumption, is_limited, stood_at, stands_at, condition in assumptions %}
{{ 'union all' if not loop.first }}

select
    settlement_id,
    scheme_id,
    '{{ cause }}' as cause,
    {{ assumption }} as assumption,
    assistance_category,
    {{ is_limited }} as is_limited,
    {{ stood_at }} as stood_at,
    {{ stands_at }} as stands_at
from under_terms
where {{ condition }}
{%- endfor %}
