-- Every scheme, county, insurance type and year that a fund summary has a row for, so that a county without a payout is
-- a row of zeros and not a hole (rule H3).
with

schemes as (

    select
        scheme_id,
        pool_region_code,
        max(insurance_type) as insurance_type
    from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'
    group by scheme_id, pool_region_code

),

regions as (

    select *
    from {{ ref('dim_region') }}
    where region_level in ('county', 'seat') and not is_retired

),

observed as (

    select scheme_id, region_code, insurance_type, benefit_year from {{ ref('int_fund_payout') }}
    union
    select scheme_id, region_code, insurance_type, benefit_year from {{ ref('int_fund_movement') }}
    union
    select
        heads.scheme_id,
        heads.region_code,
        heads.insurance_type,
        heads.benefit_year
    from {{ ref('int_census_head') }} as heads
    -- A standard may be known for years of which there are no claims yet.
    inner join {{ ref('int_fund_payout') }} as payouts
        on
            heads.scheme_id = payouts.scheme_id
            and heads.benefit_year = payouts.benefit_year

),

years as (

    select distinct
        observed.scheme_id,
        observed.insurance_type,
        observed.benefit_year
    from observed
    inner join schemes on observed.scheme_id = schemes.scheme_id

),

whole_pool as (

    select
        years.scheme_id,
        regions.region_code,
        years.insurance_type,
        years.benefit_year
    from years
    inner join schemes on years.scheme_id = schemes.scheme_id
    inner join regions on schemes.pool_region_code = regions.pool_region_code

)

select scheme_id, region_code, insurance_type, benefit_year from whole_pool
union
select
    observed.scheme_id,
    observed.region_code,
    observed.insurance_type,
    observed.benefit_year
from observed
inner join schemes on observed.scheme_id = schemes.scheme_id
