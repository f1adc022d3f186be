-- The enacted tiers of each version of a scheme with the rates of a scenario, the first one at the scenario's
-- deductible where bounds are gross (rules D2, D3).
with

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

versions as (

    select * from {{ ref('int_scheme_version') }}

),

terms as (

    select * from {{ ref('int_scenario_term') }}

),

tiers as (

    select * from {{ ref('benefit_tier') }}

),

rate_overrides as (

    select * from {{ ref('scenario_override') }}
    where parameter = 'rate'

),

ladder_starts as (

    select
        scenario_schemes.scenario_scheme_id,
        scenario_schemes.scenario_id,
        scenario_schemes.scheme_id,
        scenario_schemes.status_rank,
        versions.insurance_type,
        versions.valid_from,
        versions.valid_to,
        coalesce(min(case when terms.tier_basis = 'gross' then terms.deductible end), 0) as starts_at
    from scenario_schemes
    inner join versions on scenario_schemes.scheme_id = versions.scheme_id
    inner join terms
        on
            scenario_schemes.scenario_scheme_id = terms.scheme_id
            and terms.insurance_type in ('all', versions.insurance_type)
            and {{ is_in_force('terms', 'versions.valid_from') }}
    group by
        scenario_schemes.scenario_scheme_id, scenario_schemes.scenario_id, scenario_schemes.scheme_id,
        scenario_schemes.status_rank, versions.insurance_type, versions.valid_from, versions.valid_to

),

-- An override without a tier number is for all tiers; one that names it goes before.
rated as (

    select
        ladder_starts.*,
        tiers.tier_no,
        tiers.lower_bound,
        tiers.upper_bound,
        tiers.document_id,
        tiers.article,
        case
            when of_tier.operation is not null then {{ overridden('tiers.rate', 'of_tier', 4) }}
            else {{ overridden('tiers.rate', 'of_all', 4) }}
        end as rate,
        row_number() over (
            partition by ladder_starts.scenario_scheme_id, ladder_starts.insurance_type, ladder_starts.valid_from
            order by tiers.tier_no
        ) as step_no
    from ladder_starts
    inner join tiers
        on
            ladder_starts.scheme_id = tiers.scheme_id
            and tiers.insurance_type in ('all', ladder_starts.insurance_type)
            and {{ is_in_force('tiers', 'ladder_starts.valid_from') }}
    left join rate_overrides as of_tier
        on
            ladder_starts.scenario_id = of_tier.scenario_id
            and ladder_starts.scheme_id = of_tier.scheme_id
            and tiers.tier_no = of_tier.tier_no
    left join rate_overrides as of_all
        on
            ladder_starts.scenario_id = of_all.scenario_id
            and ladder_starts.scheme_id = of_all.scheme_id
            and of_all.tier_no is null

)

select
    scenario_scheme_id,
    scenario_id,
    scheme_id,
    insurance_type,
    valid_from,
    valid_to,
    tier_no,
    -- A deductible above the whole first tier leaves it to the categories whose own is lower, from 0 up.
    case
        when step_no > 1 then lower_bound
        when upper_bound is null or upper_bound > starts_at then starts_at
        else cast(0 as decimal(18, 2))
    end as lower_bound,
    upper_bound,
    rate,
    document_id,
    article,
    status_rank
from rated
