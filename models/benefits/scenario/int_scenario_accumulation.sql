-- Running sums of eligible expense (rule E2) of the person-years that reach the deductible of a scenario: the others
-- are paid nothing whatever happens to them.
with

accumulations as (

    select
        *,
        max(accumulated_after) over (partition by scheme_id, person_key, benefit_year) as highest_accumulated
    from {{ ref('int_accumulation') }}

),

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

lowest_deductibles as (

    select
        scheme_id as scenario_scheme_id,
        min(deductible) as lowest_deductible
    from {{ ref('int_scenario_pool_term') }}
    group by scheme_id

)

select
    accumulations.settlement_id,
    scenario_schemes.scenario_scheme_id as scheme_id,
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
inner join scenario_schemes on accumulations.scheme_id = scenario_schemes.scheme_id
inner join lowest_deductibles
    on
        scenario_schemes.scenario_scheme_id = lowest_deductibles.scenario_scheme_id
        and accumulations.highest_accumulated > lowest_deductibles.lowest_deductible
