-- What a scenario pays for each settlement of the person-years that reach its deductible (rules E1 to E5).
with

payables as (

    select * from {{ ref('int_scenario_payable') }}

),

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

payouts as (

    select
        settlement_id,
        scheme_id,
        sum(tier_payout) as payout_amount
    from {{ ref('int_scenario_payout_tier') }}
    group by settlement_id, scheme_id

)

select
    scenario_schemes.scenario_id,
    payables.settlement_id,
    scenario_schemes.scheme_id,
    payables.person_key,
    payables.benefit_year,
    payables.region_code,
    payables.assistance_category,
    payables.payable_after,
    cast(coalesce(payouts.payout_amount, 0) as decimal(18, 2)) as payout_amount
from payables
inner join scenario_schemes on payables.scheme_id = scenario_schemes.scenario_scheme_id
left join payouts
    on
        payables.settlement_id = payouts.settlement_id
        and payables.scheme_id = payouts.scheme_id
