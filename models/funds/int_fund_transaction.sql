-- Movements of the funds' money with their area, insurance type and line (rules H2, H3).
with

movements as (

    select * from {{ ref('stg_fund_transaction') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

insurance_types as (

    select * from {{ ref('int_pool_insurance_type') }}

),

schemes as (

    select
        scheme_id,
        max(insurance_type) as insurance_type,
        max(pool_region_code) as pool_region_code
    from {{ ref('scheme') }}
    group by scheme_id

)

select
    movements.transaction_id,
    movements.scheme_id,
    coalesce(regions.current_region_code, schemes.pool_region_code) as region_code,
    coalesce(insurance_types.insurance_type, schemes.insurance_type) as insurance_type,
    coalesce(insurance_types.insurance_line, schemes.insurance_type) as insurance_line,
    movements.benefit_year,
    movements.moved_on,
    movements.transaction_type,
    -- A service fee counts as positive whatever its sign, as in the years of int_fund_movement.
    cast(
        case when movements.transaction_type = 'service_fee' then abs(movements.amount) else movements.amount end
        as decimal(18, 2)
    ) as amount
from movements
left join regions on movements.insured_region_code = regions.region_code
left join schemes on movements.scheme_id = schemes.scheme_id
left join insurance_types
    on
        movements.insutype = insurance_types.insutype
        and coalesce(regions.pool_region_code, schemes.pool_region_code) = insurance_types.pool_region_code
