-- Spans in which a person has basic benefits in the pool of a supplementary scheme; spells that overlap or touch are
-- one, and one after a break is resumed (rule G5).
with

spells as (

    select * from {{ ref('int_insured_spell') }}
    where insurance_type in ('employee', 'resident')

),

schemes as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'supplementary'

),

-- Each once: of two that are equal the windows below might take one or the other first.
pool_spells as (

    select distinct
        schemes.scheme_id,
        spells.person_key,
        spells.insured_from,
        coalesce(spells.insured_to, cast('9999-12-31' as date)) as insured_to
    from spells
    inner join schemes on spells.pool_region_code = schemes.pool_region_code
    where spells.insured_to is null or spells.insured_to > spells.insured_from

),

with_reach as (

    select
        *,
        max(insured_to) over (
            partition by scheme_id, person_key
            order by insured_from, insured_to
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from pool_spells

),

islands as (

    select
        *,
        sum(case when reached_before >= insured_from then 0 else 1 end) over (
            partition by scheme_id, person_key
            order by insured_from, insured_to
            rows between unbounded preceding and current row
        ) as span_no
    from with_reach

),

spans as (

    select
        scheme_id,
        person_key,
        span_no,
        min(insured_from) as benefits_from,
        max(insured_to) as benefits_to
    from islands
    group by scheme_id, person_key, span_no

)

select
    scheme_id,
    person_key,
    benefits_from,
    nullif(benefits_to, cast('9999-12-31' as date)) as benefits_to,
    lag(benefits_to) over (partition by scheme_id, person_key order by benefits_from) as former_benefits_to
from spans
