-- Basic insurance spells with their area and insurance type, and whether a person may be found twice in them (rule H1).
with

spells as (

    select * from {{ ref('stg_insurance_spell') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

insurance_types as (

    select * from {{ ref('int_pool_insurance_type') }}

),

located as (

    select
        spells.spell_id,
        spells.person_key,
        regions.current_region_code as region_code,
        regions.pool_region_code,
        insurance_types.insurance_type,
        insurance_types.insurance_line,
        spells.person_type,
        spells.insured_from,
        -- Without an end a spell that is not in force is known to have ended by the extract, no sooner.
        case
            when spells.insured_to is null and spells.spell_status in ('2', '3') then cast(spells.updated_at as date)
            else spells.insured_to
        end as insured_to
    from spells
    inner join regions on spells.insured_region_code = regions.region_code
    inner join insurance_types
        on
            spells.insutype = insurance_types.insutype
            and regions.pool_region_code = insurance_types.pool_region_code

),

with_neighbours as (

    select
        *,
        max(coalesce(insured_to, cast('9999-12-31' as date))) over (
            partition by person_key, pool_region_code
            order by insured_from, spell_id
            rows between unbounded preceding and 1 preceding
        ) as reached_before,
        lead(insured_from) over (
            partition by person_key, pool_region_code
            order by insured_from, spell_id
        ) as next_from,
        min(insurance_type) over (partition by person_key, pool_region_code)
        <> max(insurance_type) over (partition by person_key, pool_region_code) as has_other_type
    from located

)

select
    spell_id,
    person_key,
    region_code,
    pool_region_code,
    insurance_type,
    insurance_line,
    person_type,
    insured_from,
    insured_to,
    has_other_type
    or coalesce(reached_before > insured_from, false)
    or coalesce(next_from < coalesce(insured_to, cast('9999-12-31' as date)), false) as may_count_twice
from with_neighbours
