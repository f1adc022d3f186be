-- Visits and cost by home county, place of care and month, with every cell of the grid: ready for a heat map (rule I6).
with

visits as (

    select * from {{ ref('int_visit_month') }}

),

-- Every county of the pool, also where nobody lives who was ill, or where nobody went.
counties as (

    select
        regions.pool_region_code,
        regions.region_code
    from {{ ref('dim_region') }} as regions
    inner join {{ ref('int_pool_extent') }} as extents on regions.pool_region_code = extents.pool_region_code
    where regions.region_level in ('county', 'seat') and not regions.is_retired

),

{% for side in ['home', 'care'] -%}
{{ side }}_regions as (

    select
        pool_region_code,
        {{ side }}_region_code
    from visits
    union
    select
        pool_region_code,
        region_code as {{ side }}_region_code
    from counties

),

{% endfor -%}

months as (

    select distinct
        extents.pool_region_code,
        dates.year_month as settled_month
    from {{ ref('int_pool_extent') }} as extents
    inner join {{ ref('dim_date') }} as dates
        on dates.date_day between extents.first_settled_on and extents.last_settled_on

),

-- A few counties, a few places, a few months: thousands of cells, whatever the number of persons.
cells as (

    select
        homes.pool_region_code,
        homes.home_region_code,
        cares.care_region_code,
        months.settled_month
    from home_regions as homes
    inner join care_regions as cares on homes.pool_region_code = cares.pool_region_code
    inner join months on homes.pool_region_code = months.pool_region_code

)

select
    {{ surrogate_key(['cells.home_region_code', 'cells.care_region_code', 'cells.settled_month']) }} as visit_flow_key,
    cells.pool_region_code,
    cells.home_region_code,
    cells.care_region_code,
    cells.settled_month,
    cells.home_region_code = cells.care_region_code as is_home_county,
    left(cells.home_region_code, 2) = left(cells.care_region_code, 2) as is_home_province,
    coalesce(visits.visit_count, 0) as visit_count,
    cast(coalesce(visits.referred_visit_count, 0) as bigint) as referred_visit_count,
    cast(coalesce(visits.aided_visit_count, 0) as bigint) as aided_visit_count,
    cast(coalesce(visits.total_cost, 0) as decimal(18, 2)) as total_cost,
    cast(coalesce(visits.referred_total_cost, 0) as decimal(18, 2)) as referred_total_cost,
    cast(coalesce(visits.aided_total_cost, 0) as decimal(18, 2)) as aided_total_cost,
    cast(coalesce(visits.out_of_pocket, 0) as decimal(18, 2)) as out_of_pocket,
    cast(coalesce(visits.aided_out_of_pocket, 0) as decimal(18, 2)) as aided_out_of_pocket
from cells
left join visits
    on
        cells.pool_region_code = visits.pool_region_code
        and cells.home_region_code = visits.home_region_code
        and cells.care_region_code = visits.care_region_code
        and cells.settled_month = visits.settled_month
