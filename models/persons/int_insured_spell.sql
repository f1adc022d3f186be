-- Basic insurance spells with their area and insurance type (rule H1).
with

spells as (

    select * from {{ ref('stg_insurance_spell') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

insurance_types as (

    select * from {{ ref('int_pool_insurance_type') }}

)

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
