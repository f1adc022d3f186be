-- Every scheme, county, insurance type and year that a fund summary has a row for, so that a county without a payout is
-- a row of zeros and not a hole (rule H3).
with

schemes as (

    select
        scheme_id,
        pool_region_code
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

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year
    from {{ ref('int_fund_payout') }}
    union
    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year
    from {{ ref('int_fund_movement') }}

),

-- Standards and open spells reach beyond the extract: the years are those from the first to the last of which it tells.
spans as (

    select
        scheme_id,
        min(benefit_year) as first_year,
        max(benefit_year) as last_year
    from observed
    group by scheme_id

),

heads as (

    select
        heads.scheme_id,
        heads.region_code,
        heads.insurance_type,
        heads.benefit_year
    from {{ ref('int_census_head') }} as heads
    inner join spans
        on heads.scheme_id = spans.scheme_id and heads.benefit_year between spans.first_year and spans.last_year

),

told as (

    select * from observed
    union
    select * from heads

),

-- Every county of the pool and every area that anything is told of, so that none drops out of a later year and takes
-- its balance with it.
fund_regions as (

    select
        schemes.scheme_id,
        regions.region_code
    from schemes
    inner join regions on schemes.pool_region_code = regions.pool_region_code
    union
    select
        told.scheme_id,
        told.region_code
    from told
    inner join schemes on told.scheme_id = schemes.scheme_id

),

fund_types as (

    select distinct
        scheme_id,
        insurance_type
    from told

),

fund_years as (

    select distinct
        scheme_id,
        benefit_year
    from told

)

select
    fund_regions.scheme_id,
    fund_regions.region_code,
    fund_types.insurance_type,
    fund_years.benefit_year
from fund_regions
inner join fund_types on fund_regions.scheme_id = fund_types.scheme_id
inner join fund_years on fund_regions.scheme_id = fund_years.scheme_id
