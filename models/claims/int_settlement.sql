-- A settlement with its area, pool, insurance type, care type and benefit year (rules A7, B6).
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

years as (

    select * from {{ ref('int_settlement_year') }}
    where {{ is_built_year('benefit_year') }}

)

select
    settlements.*,
    regions.current_region_code as region_code,
    regions.pool_region_code,
    insurance_types.insurance_type,
    insurance_types.insurance_line,
    care_types.care_type,
    years.benefit_year
from settlements
inner join years on settlements.settlement_id = years.settlement_id
inner join regions on settlements.insured_region_code = regions.region_code
inner join insurance_types
    on
        settlements.insutype = insurance_types.insutype
        and regions.pool_region_code = insurance_types.pool_region_code
inner join care_types
    on
        settlements.med_type = care_types.med_type
        and regions.pool_region_code = care_types.pool_region_code
