-- The standard a head that would have balanced a scheme's year: at the benefits in force, and at those of each scenario
-- (rules H1, H3).
with

years as (

    select
        scheme_id,
        benefit_year,
        sum(insured_heads) as insured_heads,
        sum(income_amount) as income_amount,
        sum(payout_amount) as payout_amount,
        sum(service_fee_amount) as service_fee_amount,
        sum(interest_amount) as interest_amount,
        max({{ status_rank('parameter_status') }}) as status_rank
    from {{ ref('fct_fund_year') }}
    group by scheme_id, benefit_year

),

differences as (

    select
        scenario_id,
        scheme_id,
        benefit_year,
        sum(payout_difference) as payout_difference
    from {{ ref('fct_scenario') }}
    group by scenario_id, scheme_id, benefit_year

),

-- A scenario has a row in every year of the schemes that it changes.
scenarios as (

    select distinct
        scenario_id,
        scheme_id
    from {{ ref('scenario_override') }}

),

cases as (

    select
        'enacted' as scenario_id,
        years.*,
        0 as payout_difference
    from years
    union all
    select
        scenarios.scenario_id,
        years.scheme_id,
        years.benefit_year,
        years.insured_heads,
        years.income_amount,
        years.payout_amount + coalesce(differences.payout_difference, 0) as payout_amount,
        years.service_fee_amount,
        years.interest_amount,
        3 as status_rank,
        coalesce(differences.payout_difference, 0) as payout_difference
    from scenarios
    inner join years on scenarios.scheme_id = years.scheme_id
    left join differences
        on
            scenarios.scenario_id = differences.scenario_id
            and scenarios.scheme_id = differences.scheme_id
            and years.benefit_year = differences.benefit_year

),

needed as (

    select
        *,
        greatest(0, payout_amount + service_fee_amount - interest_amount) as needed_amount
    from cases

),

-- Rounded up to fen: a fen less a head would not balance.
balanced as (

    select
        *,
        cast({{ whole_quotient(
            'cast(needed_amount * 100 as decimal(27, 0)) + insured_heads - 1', 'nullif(insured_heads, 0)'
        ) }} as decimal(22, 0)) * cast('0.01' as decimal(2, 2)) as balancing_standard
    from needed

)

select
    {{ surrogate_key(['scheme_id', 'benefit_year', 'scenario_id']) }} as balancing_key,
    scheme_id,
    cast(benefit_year as integer) as benefit_year,
    scenario_id,
    cast(insured_heads as bigint) as insured_heads,
    cast(income_amount as decimal(18, 2)) as income_amount,
    cast(payout_amount as decimal(18, 2)) as payout_amount,
    cast(payout_difference as decimal(18, 2)) as payout_difference,
    cast(service_fee_amount as decimal(18, 2)) as service_fee_amount,
    cast(interest_amount as decimal(18, 2)) as interest_amount,
    cast(income_amount + interest_amount - payout_amount - service_fee_amount as decimal(18, 2)) as result_amount,
    {{ ratio('income_amount', 'insured_heads', 2) }} as current_standard,
    cast(balancing_standard as decimal(18, 2)) as balancing_standard,
    {{ status_name('status_rank') }} as parameter_status
from balanced
