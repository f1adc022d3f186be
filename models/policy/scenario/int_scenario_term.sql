-- Deductible and limit of each expense pool as a scenario has them (rules D1, D4).
with

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

terms as (

    select * from {{ ref('benefit_term') }}

),

overrides as (

    select * from {{ ref('scenario_override') }}

)

select
    scenario_schemes.scenario_scheme_id as scheme_id,
    terms.insurance_type,
    terms.expense_pool,
    {{ overridden('terms.deductible', 'deductibles', 2) }} as deductible,
    {{ overridden('terms.annual_limit', 'limits', 2) }} as annual_limit,
    -- A scheme without a limit need not say what it would cap.
    coalesce(terms.limit_basis, 'payout') as limit_basis,
    terms.tier_basis,
    terms.bound_inclusive,
    terms.after_scheme_id,
    terms.effective_from,
    terms.effective_to,
    terms.document_id,
    terms.article,
    {{ status_name('scenario_schemes.status_rank') }} as status
from scenario_schemes
inner join terms on scenario_schemes.scheme_id = terms.scheme_id
left join overrides as deductibles
    on
        scenario_schemes.scenario_id = deductibles.scenario_id
        and scenario_schemes.scheme_id = deductibles.scheme_id
        and deductibles.parameter = 'deductible'
left join overrides as limits
    on
        scenario_schemes.scenario_id = limits.scenario_id
        and scenario_schemes.scheme_id = limits.scheme_id
        and limits.parameter = 'annual_limit'
