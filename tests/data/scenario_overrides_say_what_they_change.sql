-- An override changes something that its scheme has (rules D1 to D4): one that names a tier, a category or a bound that
-- is not there would leave the scenario as enacted without a word.
{{ config(tags=['scenario']) }}
with

overrides as (

    select * from {{ ref('scenario_override') }}

),

schemes as (

    select
        schemes.scheme_id,
        max(case when terms.annual_limit is not null then 1 else 0 end) as has_limit
    from {{ ref('scheme') }} as schemes
    inner join {{ ref('benefit_term') }} as terms on schemes.scheme_id = terms.scheme_id
    where schemes.scheme_kind = 'critical_illness'
    group by schemes.scheme_id

),

tier_numbers as (

    select distinct
        scheme_id,
        tier_no
    from {{ ref('benefit_tier') }}

),

-- As a scenario has them: the override of a rate takes the place of an addition.
categories as (

    select
        scenario_schemes.scenario_id,
        scenario_schemes.scheme_id,
        category_terms.assistance_category,
        max(case when modifiers.scheme_id is not null then 1 else 0 end) as is_modified,
        max(case when modifiers.rate_override is not null then 1 else 0 end) as had_rate_override,
        max(case when category_terms.rate_override is not null then 1 else 0 end) as has_rate_override
    from {{ ref('int_scenario_scheme') }} as scenario_schemes
    inner join {{ ref('int_scenario_category_term') }} as category_terms
        on scenario_schemes.scenario_scheme_id = category_terms.scheme_id
    left join {{ ref('category_modifier') }} as modifiers
        on
            scenario_schemes.scheme_id = modifiers.scheme_id
            and category_terms.assistance_category = modifiers.assistance_category
    group by scenario_schemes.scenario_id, scenario_schemes.scheme_id, category_terms.assistance_category

),

named_categories as (

    select
        overrides.scenario_id,
        overrides.scheme_id,
        overrides.parameter,
        overrides.assistance_category,
        max(categories.had_rate_override) as had_rate_override,
        max(categories.has_rate_override) as has_rate_override
    from overrides
    inner join categories
        on
            overrides.scenario_id = categories.scenario_id
            and overrides.scheme_id = categories.scheme_id
            and (
                overrides.assistance_category = categories.assistance_category
                or (overrides.assistance_category is null and categories.is_modified = 1)
            )
    group by overrides.scenario_id, overrides.scheme_id, overrides.parameter, overrides.assistance_category

),

split_tiers as (

    select distinct
        overrides.scenario_id,
        overrides.scheme_id,
        overrides.bound
    from overrides
    inner join {{ ref('int_scenario_tier_placed') }} as placed
        on
            overrides.scenario_id = placed.scenario_id
            and overrides.scheme_id = placed.scheme_id
            and overrides.bound > placed.lower_bound
            and (placed.upper_bound is null or overrides.bound < placed.upper_bound)

),

problems as (

    select
        overrides.scenario_id,
        overrides.scheme_id,
        overrides.parameter,
        overrides.assistance_category,
        overrides.tier_no,
        overrides.bound,
        overrides.operation,
        overrides.value,
        case
            when schemes.scheme_id is null
                then 'There is no critical illness scheme of this name: correct scheme_id.'
            when
                overrides.assistance_category is not null
                and overrides.parameter in ('deductible', 'annual_limit', 'rate', 'new_tier')
                then 'This parameter is the same for all categories: leave assistance_category blank.'
            when overrides.tier_no is not null and overrides.parameter <> 'rate'
                then 'Only a rate belongs to a tier: leave tier_no blank.'
            when (overrides.parameter = 'new_tier') <> (overrides.bound is not null)
                then 'A new tier needs the bound at which it starts, and nothing else has one: correct bound.'
            when
                overrides.value is null
                and (overrides.operation <> 'set' or overrides.parameter not in ('annual_limit', 'rate_override'))
                then 'Only annual_limit and rate_override can be set to nothing: give a value.'
            when
                overrides.parameter = 'limit_waived'
                and (overrides.operation <> 'set' or overrides.value not in (0, 1))
                then 'limit_waived is set to 1 (true) or 0 (false): correct operation or value.'
            when overrides.parameter = 'annual_limit' and overrides.operation <> 'set' and schemes.has_limit = 0
                then 'The scheme has no annual limit to change: set one.'
            when overrides.tier_no is not null and tier_numbers.tier_no is null
                then 'The scheme has no tier of this number: correct tier_no.'
            when overrides.parameter = 'new_tier' and split_tiers.bound is null
                then 'The bound lies inside no tier, so there is nothing to split: correct bound.'
            when
                overrides.parameter in ('deductible_factor', 'rate_addition', 'rate_override', 'limit_waived')
                and named_categories.scheme_id is null
                then 'No such category, or none that the scheme modifies: correct assistance_category.'
            when
                overrides.parameter = 'rate_override'
                and overrides.operation <> 'set'
                and named_categories.had_rate_override = 0
                then 'The category has no rate_override to change: set one, or use rate_addition.'
            when overrides.parameter = 'rate_addition' and named_categories.has_rate_override = 1
                then 'The category has a rate_override, which no addition changes: use rate_override.'
        end as problem
    from overrides
    left join schemes on overrides.scheme_id = schemes.scheme_id
    left join tier_numbers
        on
            overrides.scheme_id = tier_numbers.scheme_id
            and overrides.tier_no = tier_numbers.tier_no
    left join split_tiers
        on
            overrides.scenario_id = split_tiers.scenario_id
            and overrides.scheme_id = split_tiers.scheme_id
            and overrides.bound = split_tiers.bound
    left join named_categories
        on
            overrides.scenario_id = named_categories.scenario_id
            and overrides.scheme_id = named_categories.scheme_id
            and overrides.parameter = named_categories.parameter
            and overrides.assistance_category is not distinct from named_categories.assistance_category

)

select * from problems
where problem is not null
