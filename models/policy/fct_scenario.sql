-- What each scenario would pay beside what the enacted policy pays, by county, category and year.
with

comparisons as (

    select * from {{ ref('int_scenario_comparison') }}
    where comparison_level = 'county_and_category'

),

scenarios as (

    select * from {{ ref('scenario') }}

)

select
    {{ surrogate_key(['comparisons.scenario_id', 'comparisons.scheme_id', 'comparisons.region_code',
        'comparisons.assistance_category', 'comparisons.benefit_year']) }} as scenario_key,
    comparisons.scenario_id,
    comparisons.scheme_id,
    comparisons.region_code,
    comparisons.assistance_category,
    comparisons.benefit_year,
    comparisons.persons,
    comparisons.persons_paid,
    comparisons.payout_amount,
    comparisons.enacted_persons,
    comparisons.enacted_persons_paid,
    comparisons.enacted_payout_amount,
    comparisons.payout_difference,
    scenarios.status as parameter_status
from comparisons
inner join scenarios on comparisons.scenario_id = scenarios.scenario_id
