-- Every scheme, county, insurance type and year that a fund summary has a row for, so that a county without a payout is
-- a row of zeros and not a hole (rule H3).
with

schemes as (

    select distinct
        scheme_id,
        scheme_kind,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind in ('critical_illness', 'supplementary')

),

regions as (

    select *
    from {{ ref('dim_region') }}
    where region_level in ('county', 'seat') and not is_retired

),

observed as (

    {%- for model in ['int_fund_payout', 'int_fund_movement'] %}
    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year
    from {{ ref(model) }}
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

-- Standards and open spells reach beyond the extract: the years are those from the first to the last of which it tells.
spans as (

    select
        observed.scheme_id,
        schemes.scheme_kind,
        min(observed.benefit_year) as first_year,
        max(observed.benefit_year) as last_year
    from observed
    inner join schemes on observed.scheme_id = schemes.scheme_id
    group by observed.scheme_id, schemes.scheme_kind

),

told as (

    select * from observed
    union
    select
        heads.scheme_id,
        heads.region_code,
        heads.insurance_type,
        heads.benefit_year
    from {{ ref('int_census_head') }} as heads
    inner join spans
        on heads.scheme_id = spans.scheme_id and heads.benefit_year between spans.first_year and spans.last_year

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
        scheme_id,
        region_code
    from told

),

fund_types as (

    select distinct
        scheme_id,
        insurance_type
    from told

),

-- A year between of which nothing is told is a year of zeros; one outside the calendar is kept as it is told.
fund_years as (

    select
        scheme_id,
        benefit_year
    from told
    union
    select
        spans.scheme_id,
        calendar.calendar_year as benefit_year
    from spans
    inner join {{ ref('dim_date') }} as calendar
        on calendar.calendar_year between spans.first_year and spans.last_year

)

select
    spans.scheme_id,
    spans.scheme_kind,
    fund_regions.region_code,
    fund_types.insurance_type,
    fund_years.benefit_year
from spans
inner join fund_regions on spans.scheme_id = fund_regions.scheme_id
inner join fund_types on spans.scheme_id = fund_types.scheme_id
inner join fund_years on spans.scheme_id = fund_years.scheme_id
