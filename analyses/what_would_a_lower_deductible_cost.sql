-- What each scenario would pay beside what is enacted, by scheme and year: what a lower deductible costs.
-- Other values need no build: dabing whatif asks them of the same models.
with

scenarios as (

    select * from {{ ref('fct_scenario') }}

)

select
    scenario_id,
    scheme_id,
    benefit_year,
    sum(enacted_persons_paid) as persons_paid_as_enacted,
    sum(persons_paid) - sum(enacted_persons_paid) as more_persons_paid,
    sum(enacted_payout_amount) as payout_as_enacted,
    sum(payout_difference) as additional_cost
from scenarios
group by scenario_id, scheme_id, benefit_year
order by scenario_id, scheme_id, benefit_year
