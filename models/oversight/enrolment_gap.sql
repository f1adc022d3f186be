-- Aided persons whom a layer of protection misses: not insured, not enrolled, paid for twice, not paid as aided (rule
-- I3).
with

persons as (

    select * from {{ ref('dim_person') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

variances as (

    select * from {{ ref('fct_payout_variance') }}
    where cause = 'category' and assistance_category <> 'none' and variance < 0

),

gaps as (

    select
        spans.person_key,
        'aided_not_insured' as gap_kind,
        spans.uninsured_from as gap_from,
        spans.uninsured_to as gap_to,
        cast(null as decimal(18, 2)) as amount,
        cast(1 as bigint) as case_count
    from {{ ref('int_aided_uninsured_span') }} as spans
    union all
    select
        subsidies.person_key,
        subsidies.gap_kind,
        {{ year_start('subsidies.cover_year') }} as gap_from,
        {{ year_start('subsidies.cover_year + 1') }} as gap_to,
        cast(null as decimal(18, 2)) as amount,
        subsidies.payments as case_count
    from {{ ref('int_subsidy_gap') }} as subsidies
    union all
    select
        variances.person_key,
        'aided_not_paid_as_aided' as gap_kind,
        {{ year_start('variances.benefit_year') }} as gap_from,
        {{ year_start('variances.benefit_year + 1') }} as gap_to,
        cast(-sum(variances.variance) as decimal(18, 2)) as amount,
        count(*) as case_count
    from variances
    group by variances.person_key, variances.benefit_year

),

-- The highest category that the person held in the time of the gap (rule C1).
held as (

    select
        gaps.person_key,
        gaps.gap_kind,
        gaps.gap_from,
        min_by(categories.assistance_category, categories.priority) as assistance_category
    from gaps
    inner join {{ ref('int_assistance_spell') }} as spells
        on
            gaps.person_key = spells.person_key
            and spells.held_from < coalesce(gaps.gap_to, cast('9999-12-31' as date))
            and gaps.gap_from < coalesce(spells.held_to, cast('9999-12-31' as date))
    inner join {{ ref('assistance_category') }} as categories
        on spells.assistance_category = categories.assistance_category
    group by gaps.person_key, gaps.gap_kind, gaps.gap_from

)

select
    {{ surrogate_key(['gaps.person_key', 'gaps.gap_kind', 'gaps.gap_from']) }} as gap_key,
    gaps.person_key,
    gaps.gap_kind,
    gaps.gap_from,
    gaps.gap_to,
    coalesce(held.assistance_category, 'none') as assistance_category,
    regions.current_region_code as region_code,
    regions.pool_region_code,
    gaps.case_count,
    gaps.amount
from gaps
left join held
    on
        gaps.person_key = held.person_key
        and gaps.gap_kind = held.gap_kind
        and gaps.gap_from = held.gap_from
left join persons on gaps.person_key = persons.person_key
left join regions on persons.residence_region_code = regions.region_code
