-- Running sums of eligible expense of the person-years that may reach the deductible of a scenario (rule E2).
with

accumulations as (

    {{ accumulations('select distinct scheme_id, person_key, benefit_year from ' ~ ref('int_scenario_person_year')) }}

),

person_years as (

    select * from {{ ref('int_scenario_person_year') }}

)

select
    accumulations.settlement_id,
    person_years.scenario_scheme_id as scheme_id,
    accumulations.expense_pool,
    accumulations.person_key,
    accumulations.benefit_year,
    accumulations.settled_at,
    accumulations.region_code,
    accumulations.insurance_type,
    accumulations.is_reversal,
    accumulations.terms_on,
    accumulations.eligible_expense,
    accumulations.accumulated_before,
    accumulations.accumulated_after,
    accumulations.status_rank
from accumulations
inner join person_years
    on
        accumulations.scheme_id = person_years.scheme_id
        and accumulations.person_key = person_years.person_key
        and accumulations.benefit_year = person_years.benefit_year
