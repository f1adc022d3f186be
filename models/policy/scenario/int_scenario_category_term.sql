-- What an assistance category changes in each version of a scheme, as a scenario has it (rules D1, D3, D4).
with

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

category_terms as (

    select * from {{ ref('int_category_term') }}

),

overrides as (

    select * from {{ ref('scenario_override') }}
    where parameter in ('deductible_factor', 'rate_addition', 'rate_override', 'limit_waived')

),

enacted as (

    select
        scenario_schemes.scenario_scheme_id,
        scenario_schemes.scenario_id,
        greatest(category_terms.status_rank, scenario_schemes.status_rank) as scenario_status_rank,
        category_terms.*
    from scenario_schemes
    inner join category_terms on scenario_schemes.scheme_id = category_terms.scheme_id

),

-- An override without a category is for all that the scheme modifies; one that names it goes before.
ranked as (

    select
        enacted.scenario_scheme_id,
        enacted.insurance_type,
        enacted.valid_from,
        enacted.assistance_category,
        overrides.parameter,
        {{ overridden("case overrides.parameter
            when 'deductible_factor' then enacted.deductible_factor
            when 'rate_addition' then enacted.rate_addition
            when 'rate_override' then enacted.rate_override
        end", 'overrides', 4) }} as new_value,
        row_number() over (
            partition by
                enacted.scenario_scheme_id, enacted.insurance_type, enacted.valid_from,
                enacted.assistance_category, overrides.parameter
            order by case when overrides.assistance_category is null then 1 else 0 end
        ) as preference
    from enacted
    inner join overrides
        on
            enacted.scenario_id = overrides.scenario_id
            and enacted.scheme_id = overrides.scheme_id
            and (
                enacted.assistance_category = overrides.assistance_category
                or (overrides.assistance_category is null and enacted.is_modified)
            )

),

changed as (

    select
        scenario_scheme_id,
        insurance_type,
        valid_from,
        assistance_category,
        cast(max(case when parameter = 'deductible_factor' then new_value end) as decimal(6, 4)) as deductible_factor,
        cast(max(case when parameter = 'rate_addition' then new_value end) as decimal(6, 4)) as rate_addition,
        cast(max(case when parameter = 'rate_override' then new_value end) as decimal(6, 4)) as rate_override,
        -- A blank value takes an override of the rates away.
        max(case when parameter = 'rate_override' then 1 else 0 end) as sets_rate_override,
        max(case when parameter = 'limit_waived' then new_value end) as limit_waived
    from ranked
    where preference = 1
    group by scenario_scheme_id, insurance_type, valid_from, assistance_category

)

select
    enacted.scenario_scheme_id as scheme_id,
    enacted.insurance_type,
    enacted.valid_from,
    enacted.valid_to,
    enacted.assistance_category,
    enacted.priority,
    enacted.is_modified or changed.assistance_category is not null as is_modified,
    coalesce(changed.deductible_factor, enacted.deductible_factor) as deductible_factor,
    coalesce(changed.rate_addition, enacted.rate_addition) as rate_addition,
    case when changed.sets_rate_override = 1 then changed.rate_override else enacted.rate_override end as rate_override,
    case when changed.limit_waived is null then enacted.limit_waived else changed.limit_waived = 1 end as limit_waived,
    enacted.scenario_status_rank as status_rank
from enacted
left join changed
    on
        enacted.scenario_scheme_id = changed.scenario_scheme_id
        and enacted.insurance_type = changed.insurance_type
        and enacted.valid_from = changed.valid_from
        and enacted.assistance_category = changed.assistance_category
