-- Recorded movements of a fund's money by county, insurance type and year (rules H2, H3).
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
    movements.scheme_id,
    coalesce(regions.current_region_code, schemes.pool_region_code) as region_code,
    -- A movement that names no insurance type belongs to the scheme's only one.
    coalesce(insurance_types.insurance_type, schemes.insurance_type) as insurance_type,
    movements.benefit_year,
    cast(sum(case when movements.transaction_type = 'carried_in' then movements.amount else 0 end) as decimal(18, 2))
        as carried_in_amount,
    cast(
        sum(case when movements.transaction_type in ('transfer_in', 'premium_in') then movements.amount else 0 end)
        as decimal(18, 2)
    ) as transfer_in_amount,
    -- Fees are recorded as amounts or as outflows; a correction has the other sign than what it corrects.
    cast(
        abs(sum(case when movements.transaction_type = 'service_fee' then movements.amount else 0 end))
        as decimal(18, 2)
    ) as service_fee_amount,
    cast(sum(case when movements.transaction_type = 'interest' then movements.amount else 0 end) as decimal(18, 2))
        as interest_amount
from movements
left join regions on movements.insured_region_code = regions.region_code
left join schemes on movements.scheme_id = schemes.scheme_id
left join insurance_types
    on
        movements.insutype = insurance_types.insutype
        and coalesce(regions.pool_region_code, schemes.pool_region_code) = insurance_types.pool_region_code
group by
    movements.scheme_id,
    coalesce(regions.current_region_code, schemes.pool_region_code),
    coalesce(insurance_types.insurance_type, schemes.insurance_type),
    movements.benefit_year
