-- Where a settlement whose recorded payout differs stands in each expense pool, and what earlier reversals took off it
-- (rules E2, E5, E8).
with

differing as (

    select * from {{ ref('int_payout_difference') }}

),

expense_pools as (

    select distinct
        scheme_id,
        expense_pool
    from {{ ref('benefit_term') }}

),

person_years as (

    select distinct
        person_key,
        scheme_id,
        benefit_year
    from differing

),

expenses as (

    select
        payouts.settlement_id,
        payouts.scheme_id,
        payouts.person_key,
        payouts.benefit_year,
        payouts.settled_at,
        payouts.is_reversal,
        expense_pools.expense_pool,
        coalesce(eligible.eligible_expense, 0) as eligible_expense
    from {{ ref('fct_payout') }} as payouts
    inner join person_years
        on
            payouts.person_key = person_years.person_key
            and payouts.scheme_id = person_years.scheme_id
            and payouts.benefit_year = person_years.benefit_year
    inner join expense_pools on payouts.scheme_id = expense_pools.scheme_id
    left join {{ ref('int_eligible_expense') }} as eligible
        on
            payouts.settlement_id = eligible.settlement_id
            and payouts.scheme_id = eligible.scheme_id
            and expense_pools.expense_pool = eligible.expense_pool

),

running as (

    select
        *,
        sum(eligible_expense) over account as accumulated_after,
        sum(case when is_reversal then -eligible_expense else 0 end) over account as reversed_after
    from expenses
    window account as (
        partition by person_key, scheme_id, benefit_year, expense_pool
        order by settled_at, settlement_id
        rows between unbounded preceding and current row
    )

)

-- Who has nothing eligible in the year has no payouts, and stands at zero.
select
    differing.settlement_id,
    differing.scheme_id,
    expense_pools.expense_pool,
    cast(coalesce(running.eligible_expense, 0) as decimal(18, 2)) as eligible_expense,
    cast(coalesce(running.accumulated_after - running.eligible_expense, 0) as decimal(18, 2)) as accumulated_before,
    cast(coalesce(running.accumulated_after, 0) as decimal(18, 2)) as accumulated_after,
    cast(
        coalesce(
            running.reversed_after - case when running.is_reversal then -running.eligible_expense else 0 end, 0
        ) as decimal(18, 2)
    ) as reversed_before
from differing
inner join expense_pools on differing.scheme_id = expense_pools.scheme_id
left join running
    on
        differing.settlement_id = running.settlement_id
        and differing.scheme_id = running.scheme_id
        and expense_pools.expense_pool = running.expense_pool
