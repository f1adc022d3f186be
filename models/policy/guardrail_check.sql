-- What a city's scheme has, beside what the province asks of it (rule F1).
with

guardrails as (

    select * from {{ ref('guardrail') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

incomes as (

    select * from {{ ref('income_per_capita') }}
    where population = 'all'

),

aided_categories as (

    select distinct
        scheme_id,
        assistance_category
    from {{ ref('category_modifier') }}

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'

),

first_tiers as (

    select
        schedule.*,
        pools.pool_region_code,
        coalesce(regions.province_code, pools.pool_region_code) as province_code,
        aided_categories.assistance_category is not null as is_aided,
        first_value(schedule.deductible) over (
            partition by schedule.scheme_id, schedule.insurance_type, schedule.valid_from
            order by case when schedule.assistance_category = 'none' then 0 else 1 end, schedule.assistance_category
        ) as ordinary_deductible
    from {{ ref('benefit_schedule') }} as schedule
    inner join pools on schedule.scheme_id = pools.scheme_id
    left join regions on pools.pool_region_code = regions.region_code
    left join aided_categories
        on
            schedule.scheme_id = aided_categories.scheme_id
            and schedule.assistance_category = aided_categories.assistance_category
    where schedule.lower_bound = 0

),

measured as (

    select
        first_tiers.*,
        guardrails.region_code as guardrail_region_code,
        guardrails.measure,
        guardrails.comparison,
        guardrails.value as required_value,
        guardrails.document_id as guardrail_document_id,
        guardrails.article as guardrail_article,
        cast(case guardrails.measure
            when 'deductible_to_income' then {{ ratio('first_tiers.deductible', 'incomes.amount') }}
            when 'aided_deductible_factor' then {{ ratio('first_tiers.deductible', 'first_tiers.ordinary_deductible') }}
            else first_tiers.rate
        end as decimal(10, 4)) as actual_value
    from first_tiers
    inner join guardrails
        on
            guardrails.region_code in (first_tiers.province_code, first_tiers.pool_region_code)
            and {{ is_in_force('guardrails', 'first_tiers.valid_from') }}
            and first_tiers.is_aided = (guardrails.measure like 'aided%')
            and (first_tiers.is_aided or first_tiers.assistance_category = 'none')
    left join incomes
        on
            first_tiers.pool_region_code = incomes.region_code
            and incomes.year = extract(year from first_tiers.valid_from) - 1

)

select
    {{ surrogate_key(['scheme_id', 'insurance_type', 'assistance_category', 'valid_from', 'guardrail_region_code',
        'measure', 'comparison']) }} as guardrail_key,
    scheme_id,
    pool_region_code,
    insurance_type,
    assistance_category,
    valid_from,
    valid_to,
    measure,
    comparison,
    cast(required_value as decimal(10, 4)) as required_value,
    actual_value,
    -- "About" has no number in the notice: the measured value is shown and left to the reader.
    case
        when actual_value is null or comparison = 'about' then 'not_judged'
        when comparison = 'at_least' and actual_value >= required_value then 'met'
        when comparison = 'at_most' and actual_value <= required_value then 'met'
        when comparison = 'equal' and actual_value = required_value then 'met'
        else 'not_met'
    end as outcome,
    guardrail_document_id as document_id,
    guardrail_article as article
from measured
