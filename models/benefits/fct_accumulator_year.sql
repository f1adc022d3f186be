-- Where a person stands in a scheme at the end of a benefit year (rules C3, E2).
with

payouts as (

    select * from {{ ref('fct_payout') }}

),

payables as (

    select * from {{ ref('int_payable') }}

),

numbered as (

    select
        payouts.*,
        payables.deductible_remaining,
        payables.payout_limit,
        payables.eligible_limit_remaining,
        row_number() over (
            partition by payouts.person_key, payouts.scheme_id, payouts.benefit_year
            order by payouts.settled_at desc, payouts.settlement_id desc
        ) as newest_first
    from payouts
    inner join payables
        on
            payouts.settlement_id = payables.settlement_id
            and payouts.scheme_id = payables.scheme_id

),

totals as (

    select
        person_key,
        scheme_id,
        benefit_year,
        count(*) as settlement_count,
        sum(eligible_expense) as eligible_expense,
        sum(payout_amount) as payout_amount,
        min(case when payout_amount > 0 then settled_at end) as first_payout_at
    from payouts
    group by person_key, scheme_id, benefit_year

)

select
    {{ surrogate_key(['totals.person_key', 'totals.scheme_id', 'totals.benefit_year']) }} as accumulator_key,
    totals.person_key,
    totals.scheme_id,
    totals.benefit_year,
    latest.region_code,
    latest.insurance_type,
    latest.assistance_category,
    totals.settlement_count,
    cast(totals.eligible_expense as decimal(18, 2)) as eligible_expense,
    latest.payable_after as payable_expense,
    cast(totals.payout_amount as decimal(18, 2)) as payout_amount,
    latest.deductible,
    latest.deductible_remaining,
    latest.annual_limit,
    cast(case
        when latest.payout_limit is not null then greatest(latest.payout_limit - totals.payout_amount, 0)
        else latest.eligible_limit_remaining
    end as decimal(18, 2)) as limit_remaining,
    totals.first_payout_at
from totals
inner join numbered as latest
    on
        totals.person_key = latest.person_key
        and totals.scheme_id = latest.scheme_id
        and totals.benefit_year = latest.benefit_year
        and latest.newest_first = 1
