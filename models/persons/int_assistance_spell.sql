-- Spells of each assistance category of a person; spells that overlap or touch are one (rule C1).
with

spells as (

    select * from {{ ref('stg_identity_spell') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

identities as (

    select * from {{ ref('int_pool_identity') }}

),

person_pools as (

    select * from {{ ref('int_person_pool') }}

),

-- Without an area a code means what it does where the person is insured or settles, else what it does everywhere. Each
-- once: of two that are equal the windows below might take one or the other first.
category_spells as (

    select distinct
        spells.person_key,
        identities.assistance_category,
        spells.held_from,
        coalesce(spells.held_to, cast('9999-12-31' as date)) as held_to
    from spells
    left join regions on spells.insured_region_code = regions.region_code
    left join person_pools
        on
            spells.insured_region_code is null
            and spells.person_key = person_pools.person_key
    inner join identities
        on
            spells.identity_type = identities.psn_idet_type
            and coalesce(regions.pool_region_code, person_pools.pool_region_code, '') = identities.pool_region_code
    where spells.held_to is null or spells.held_to > spells.held_from

),

with_reach as (

    select
        *,
        max(held_to) over (
            partition by person_key, assistance_category
            order by held_from, held_to
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from category_spells

),

islands as (

    select
        *,
        sum(case when reached_before >= held_from then 0 else 1 end) over (
            partition by person_key, assistance_category
            order by held_from, held_to
            rows between unbounded preceding and current row
        ) as island_no
    from with_reach

)

select
    person_key,
    assistance_category,
    min(held_from) as held_from,
    nullif(max(held_to), cast('9999-12-31' as date)) as held_to
from islands
group by person_key, assistance_category, island_no
