{#- Running sums of eligible expense of person-years, by scheme and expense pool (rules C3, E1, E2). `person_years` is a
    query: scheme_id, person_key and benefit_year of those that are wanted. They are chosen before the sums are made: the
    sums are the dearest step of a build. -#}
{%- macro accumulations(person_years) -%}
with

settlements as (

    select * from {{ ref('int_scheme_settlement') }}
    where scheme_kind = 'critical_illness'

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

    {{ person_years }}

),

members as (

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
        expense_pools.expense_pool
    from settlements
    inner join person_years
        on
            settlements.scheme_id = person_years.scheme_id
            and settlements.person_key = person_years.person_key
            and settlements.benefit_year = person_years.benefit_year
    inner join expense_pools on settlements.scheme_id = expense_pools.scheme_id

),

expenses as (

    select
        members.*,
        coalesce(eligible.eligible_expense, 0) as eligible_expense,
        coalesce(eligible.status_rank, 1) as status_rank
    from members
    left join eligible
        on
            members.settlement_id = eligible.settlement_id
            and members.scheme_id = eligible.scheme_id
            and members.expense_pool = eligible.expense_pool

),

running as (

    select
        *,
        cast(sum(eligible_expense) over (
            partition by scheme_id, person_key, benefit_year, expense_pool
            order by settled_at, settlement_id
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as accumulated_after
    from expenses

)

select
    settlement_id,
    scheme_id,
    expense_pool,
    person_key,
    benefit_year,
    settled_at,
    region_code,
    insurance_type,
    is_reversal,
    terms_on,
    cast(eligible_expense as decimal(18, 2)) as eligible_expense,
    cast(accumulated_after - eligible_expense as decimal(18, 2)) as accumulated_before,
    accumulated_after,
    status_rank
from running
{%- endmacro -%}
