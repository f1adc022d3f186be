-- No category raises a rate above 1: the schedule would cut it off there without a word (rule D3), so a sum above 1 is
-- a slip in one of the two rows. An override replaces the rate, and a row that gives both an override and an addition
-- says two things.
with

modifiers as (

    select * from {{ ref('category_modifier') }}

),

tiers as (

    select * from {{ ref('benefit_tier') }}

),

problems as (

    select
        modifiers.scheme_id,
        modifiers.assistance_category,
        modifiers.effective_from,
        modifiers.rate_addition,
        modifiers.rate_override,
        tiers.insurance_type,
        tiers.tier_no,
        tiers.rate,
        case
            when modifiers.rate_override is not null and modifiers.rate_addition <> 0
                then 'category_modifier gives rate_addition and rate_override: keep one of them.'
            when modifiers.rate_override is null and tiers.rate + modifiers.rate_addition > 1
                then 'rate of benefit_tier + rate_addition of category_modifier is above 1: correct one of them.'
        end as problem
    from modifiers
    left join tiers
        on
            modifiers.scheme_id = tiers.scheme_id
            and (modifiers.effective_to is null or tiers.effective_from < modifiers.effective_to)
            and (tiers.effective_to is null or modifiers.effective_from < tiers.effective_to)

)

select * from problems
where problem is not null
