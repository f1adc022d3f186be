-- The ladder of each version of a scheme as a scenario has it, with its tiers in the form of benefit_tier (rules D2,
-- D3). Overrides name tiers by the enacted numbers; a new tier splits the one in which its bound lies.
with

placed as (

    select * from {{ ref('int_scenario_tier_placed') }}

),

new_tiers as (

    select * from {{ ref('scenario_override') }}
    where parameter = 'new_tier'

),

parts as (

    select
        scenario_scheme_id,
        insurance_type,
        valid_from,
        valid_to,
        tier_no,
        lower_bound,
        upper_bound,
        rate,
        document_id,
        article,
        status_rank
    from placed

    union all

    select
        placed.scenario_scheme_id,
        placed.insurance_type,
        placed.valid_from,
        placed.valid_to,
        placed.tier_no,
        new_tiers.bound as lower_bound,
        placed.upper_bound,
        {{ overridden('placed.rate', 'new_tiers', 4) }} as rate,
        placed.document_id,
        placed.article,
        placed.status_rank
    from placed
    inner join new_tiers
        on
            placed.scenario_id = new_tiers.scenario_id
            and placed.scheme_id = new_tiers.scheme_id
            and new_tiers.bound > placed.lower_bound
            and (placed.upper_bound is null or new_tiers.bound < placed.upper_bound)

),

ordered as (

    select
        *,
        row_number() over (
            partition by scenario_scheme_id, insurance_type, valid_from
            order by lower_bound
        ) as new_tier_no,
        lead(lower_bound) over (
            partition by scenario_scheme_id, insurance_type, valid_from
            order by lower_bound
        ) as next_lower_bound
    from parts

)

select
    scenario_scheme_id as scheme_id,
    insurance_type,
    cast(new_tier_no as integer) as tier_no,
    lower_bound,
    cast(coalesce(next_lower_bound, upper_bound) as decimal(18, 2)) as upper_bound,
    cast(rate as decimal(6, 4)) as rate,
    -- Scenarios are of critical illness insurance, whose ladders serve all pools together.
    cast(null as {{ dbt.type_string() }}) as expense_pool,
    valid_from as effective_from,
    valid_to as effective_to,
    document_id,
    article,
    {{ status_name('status_rank') }} as status
from ordered
