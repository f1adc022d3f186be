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

),

placed as (

    select
        movements.transaction_id,
        movements.scheme_id,
        coalesce(regions.current_region_code, schemes.pool_region_code) as region_code,
        coalesce(insurance_types.insurance_type, schemes.insurance_type) as insurance_type,
        coalesce(insurance_types.insurance_line, schemes.insurance_type) as insurance_line,
        movements.benefit_year,
        movements.moved_on,
        movements.transaction_type,
        movements.amount
    from movements
    left join regions on movements.insured_region_code = regions.region_code
    left join schemes on movements.scheme_id = schemes.scheme_id
    left join insurance_types
        on
            movements.insutype = insurance_types.insutype
            and coalesce(regions.pool_region_code, schemes.pool_region_code) = insurance_types.pool_region_code

),

with_fees_of_year as (

    select
        *,
        sum(case when transaction_type = 'service_fee' then amount else 0 end) over (
            partition by scheme_id, region_code, insurance_type, benefit_year
        ) as fees_of_year
    from placed

)

select
    transaction_id,
    scheme_id,
    region_code,
    insurance_type,
    insurance_line,
    benefit_year,
    moved_on,
    transaction_type,
    -- Fees are recorded as amounts or as outflows; a correction has the other sign, so the year's sum says which.
    cast(
        case when transaction_type = 'service_fee' and fees_of_year < 0 then -amount else amount end as decimal(18, 2)
    ) as amount
from with_fees_of_year
