-- A settlement with its area, pool, insurance type, care type and benefit year (rules A4, A7, B6).
{{ config(materialized='view') }}

with

settlements as (

    select * from {{ ref('stg_settlement') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

insurance_types as (

    select * from {{ ref('int_pool_insurance_type') }}

),

care_types as (

    select * from {{ ref('int_pool_care_type') }}

),

pools as (

    select
        pool_region_code,
        max(benefit_year_basis) as benefit_year_basis
    from {{ ref('scheme') }}
    group by pool_region_code

)

select
    settlements.*,
    regions.current_region_code as region_code,
    regions.pool_region_code,
    insurance_types.insurance_type,
    insurance_types.insurance_line,
    care_types.care_type,
    -- A reversal belongs to the benefit year of what it takes back (rule A3).
    cast(extract(year from case
        when pools.benefit_year_basis = 'discharge'
            then coalesce(cast(settlements.root_ended_on as timestamp), settlements.root_settled_at)
        else settlements.root_settled_at
    end) as integer) as benefit_year
from settlements
inner join regions on settlements.insured_region_code = regions.region_code
inner join pools on regions.pool_region_code = pools.pool_region_code
inner join insurance_types
    on
        settlements.insutype = insurance_types.insutype
        and regions.pool_region_code = insurance_types.pool_region_code
inner join care_types
    on
        settlements.med_type = care_types.med_type
        and regions.pool_region_code = care_types.pool_region_code
