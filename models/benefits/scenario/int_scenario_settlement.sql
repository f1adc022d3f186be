-- Settlements of the person-years that a scenario may pay, each once, with what decides their category (rules C1, C2).
{{ config(materialized='view') }}

with

accumulations as (

    select * from {{ ref('int_scenario_accumulation') }}

),

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

-- The rule holds for all versions of a scheme; the seed's tests see to it.
status_change_rules as (

    select
        scheme_id,
        max(status_change_rule) as status_change_rule
    from {{ ref('dim_scheme') }}
    group by scheme_id

)

select distinct
    accumulations.settlement_id,
    accumulations.scheme_id,
    accumulations.person_key,
    accumulations.benefit_year,
    accumulations.insurance_type,
    accumulations.terms_on,
    status_change_rules.status_change_rule
from accumulations
inner join scenario_schemes on accumulations.scheme_id = scenario_schemes.scenario_scheme_id
inner join status_change_rules on scenario_schemes.scheme_id = status_change_rules.scheme_id
