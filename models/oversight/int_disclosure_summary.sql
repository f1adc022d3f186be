-- The figures of a scheme's year as a whole: funding, persons and payouts, days from discharge to settlement (rule J1).
with

fund_years as (

    select
        scheme_id,
        benefit_year,
        sum(insured_heads) as insured_heads,
        sum(income_amount) as income_amount,
        sum(balance_amount) as balance_amount
    from {{ ref('fct_fund_year') }}
    group by scheme_id, benefit_year

),

totals as (

    select * from {{ ref('int_disclosure_row') }}
    where is_total = 1 and section = 'settlement_place'

),

paid as (

    select
        payouts.scheme_id,
        payouts.benefit_year,
        payouts.settlement_id,
        payouts.person_key,
        {{ days_between('expenses.ended_on', 'expenses.settled_on') }} as days_to_settlement
    from {{ ref('fct_payout') }} as payouts
    inner join {{ ref('fct_claim_expense') }} as expenses on payouts.settlement_id = expenses.settlement_id
    where
        payouts.payout_amount > 0
        and not payouts.is_reversal
        and expenses.care_type = 'inpatient'
        and expenses.ended_on is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by scheme_id, benefit_year
            order by days_to_settlement, settlement_id
        ) as place,
        count(*) over (partition by scheme_id, benefit_year) as cases
    from paid

),

days as (

    select
        scheme_id,
        benefit_year,
        count(distinct person_key) as persons,
        max(case when {{ is_percentile('place', 'cases', 50) }} then days_to_settlement end) as median_days,
        max(case when {{ is_percentile('place', 'cases', 90) }} then days_to_settlement end) as percentile_90_days
    from ranked
    group by scheme_id, benefit_year

),

figures as (

    select
        coalesce(fund_years.scheme_id, totals.scheme_id) as scheme_id,
        coalesce(fund_years.benefit_year, totals.benefit_year) as benefit_year,
        fund_years.insured_heads,
        fund_years.income_amount,
        fund_years.balance_amount,
        coalesce(totals.total_persons, 0) as persons_paid,
        coalesce(totals.total_cases, 0) as cases_paid,
        coalesce(totals.total_payout, 0) as payout_amount,
        days.median_days,
        days.percentile_90_days,
        coalesce(fund_years.insured_heads between 1 and 4, false) as is_funding_withheld,
        coalesce(totals.total_persons between 1 and 4, false) as is_payout_withheld,
        coalesce(days.persons between 1 and 4, false) as is_days_withheld
    from fund_years
    full join totals
        on
            fund_years.scheme_id = totals.scheme_id
            and fund_years.benefit_year = totals.benefit_year
    left join days
        on
            coalesce(fund_years.scheme_id, totals.scheme_id) = days.scheme_id
            and coalesce(fund_years.benefit_year, totals.benefit_year) = days.benefit_year

)

-- A balance carries the payouts of all years before it: once one of them is withheld, the difference of two balances
-- would tell it.
select
    *,
    max(case when is_payout_withheld or is_funding_withheld then 1 else 0 end) over (
        partition by scheme_id
        order by benefit_year
        rows between unbounded preceding and current row
    ) = 1 as is_balance_withheld
from figures
