-- Person-years that may reach the deductible of a scenario: the others are paid nothing whatever happens to them
-- (rule E2).
with

eligible as (

    select * from {{ ref('int_eligible_expense') }}

),

lowest_deductibles as (

    select
        scheme_id as scenario_scheme_id,
        min(deductible) as lowest_deductible
    from {{ ref('int_scenario_pool_term') }}
    group by scheme_id

),

scenario_schemes as (

    select
        schemes.scenario_scheme_id,
        schemes.scheme_id,
        lowest_deductibles.lowest_deductible
    from {{ ref('int_scenario_scheme') }} as schemes
    inner join lowest_deductibles on schemes.scenario_scheme_id = lowest_deductibles.scenario_scheme_id

),

-- Reversals left out: the sum is no less than the highest point that the accumulator had.
added as (

    select
        scheme_id,
        person_key,
        benefit_year,
        sum(eligible_expense) as added_expense
    from eligible
    where eligible_expense > 0 and scheme_id in (select scenario_schemes.scheme_id from scenario_schemes)
    group by scheme_id, person_key, benefit_year

)

select
    scenario_schemes.scenario_scheme_id,
    added.scheme_id,
    added.person_key,
    added.benefit_year
from added
inner join scenario_schemes
    on
        added.scheme_id = scenario_schemes.scheme_id
        and added.added_expense > scenario_schemes.lowest_deductible
