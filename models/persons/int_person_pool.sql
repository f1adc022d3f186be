-- Pools in which persons with an identity of no area are insured or have settled (rule C1).
with

spells as (

    select * from {{ ref('stg_identity_spell') }}

),

settlements as (

    select * from {{ ref('stg_settlement') }}

),

insurance_spells as (

    select * from {{ ref('stg_insurance_spell') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

-- Few or none: the settlements are only looked through for these.
persons as (

    select distinct
        person_number,
        person_key
    from spells
    where insured_region_code is null

),

areas as (

    select
        persons.person_key,
        settlements.insured_region_code
    from settlements
    inner join persons on settlements.person_number = persons.person_number

    union all

    select
        persons.person_key,
        insurance_spells.insured_region_code
    from insurance_spells
    inner join persons on insurance_spells.person_number = persons.person_number

)

select distinct
    areas.person_key,
    regions.pool_region_code
from areas
inner join regions on areas.insured_region_code = regions.region_code
