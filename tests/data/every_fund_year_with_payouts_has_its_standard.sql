-- A fund year with payouts and no standard has no income (rule H1): add its row to seeds/policy/funding_standard.csv.
{{ config(severity='warn') }}

with

funds as (

    select * from {{ ref('fct_fund_year') }}

)

select
    scheme_id,
    insurance_type,
    benefit_year,
    sum(payout_amount) as payout_amount
from funds
where per_capita_amount is null and insurance_type in ('employee', 'resident')
group by scheme_id, insurance_type, benefit_year
having sum(payout_amount) <> 0
