-- Running sums of a supplementary scheme by expense pool: what accumulates inside cover, and all that was incurred
-- (rules E2, F3, G6).
{{ config(materialized='view') }}

with

settlements as (

    select * from {{ ref('int_scheme_settlement') }}
    where scheme_kind = 'supplementary'

),

covers as (

    select * from {{ ref('int_settlement_cover') }}

),

eligible as (

    select * from {{ ref('int_eligible_expense') }}

),

expense_pools as (

    select distinct
        scheme_id,
        expense_pool
    from {{ ref('benefit_term') }}

),

person_years as (

    select distinct
        scheme_id,
        person_key,
        benefit_year
    from eligible
    where eligible_expense <> 0

),

expenses as (

    select
        settlements.settlement_id,
        settlements.scheme_id,
        settlements.person_key,
        settlements.benefit_year,
        settlements.settled_at,
        settlements.region_code,
        settlements.insurance_type,
        settlements.is_reversal,
        settlements.terms_on,
        expense_pools.expense_pool,
        covers.cover_status,
        coalesce(eligible.status_rank, 1) as status_rank,
        coalesce(eligible.eligible_expense, 0) as incurred_expense,
        case when covers.cover_status = 'covered' then coalesce(eligible.eligible_expense, 0) else 0 end
            as eligible_expense
    from settlements
    inner join person_years
        on
            settlements.scheme_id = person_years.scheme_id
            and settlements.person_key = person_years.person_key
            and settlements.benefit_year = person_years.benefit_year
    inner join expense_pools on settlements.scheme_id = expense_pools.scheme_id
    inner join covers
        on
            settlements.settlement_id = covers.settlement_id
            and settlements.scheme_id = covers.scheme_id
    left join eligible
        on
            settlements.settlement_id = eligible.settlement_id
            and settlements.scheme_id = eligible.scheme_id
            and expense_pools.expense_pool = eligible.expense_pool

),

running as (

    select
        *,
        cast(sum(eligible_expense) over account as decimal(18, 2)) as accumulated_after,
        cast(sum(incurred_expense) over account as decimal(18, 2)) as incurred_after
    from expenses
    window account as (
        partition by scheme_id, person_key, benefit_year, expense_pool
        order by settled_at, settlement_id
        rows between unbounded preceding and current row
    )

)

select
    *,
    cast(accumulated_after - eligible_expense as decimal(18, 2)) as accumulated_before,
    cast(incurred_after - incurred_expense as decimal(18, 2)) as incurred_before
from running
