-- Persons whose eligible expense ended a year within a tenth of the deductible, unpaid: what a lower one would reach.
with

accumulators as (

    select * from {{ ref('fct_accumulator_year') }}

)

select
    scheme_id,
    benefit_year,
    insurance_type,
    assistance_category,
    count(*) as persons,
    sum(eligible_expense) as eligible_expense,
    sum(deductible_remaining) as missing_to_the_deductible
from accumulators
where
    payout_amount = 0
    and deductible_remaining > 0
    and deductible_remaining * 10 <= deductible
group by scheme_id, benefit_year, insurance_type, assistance_category
order by scheme_id asc, benefit_year asc, persons desc
