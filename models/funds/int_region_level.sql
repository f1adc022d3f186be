-- The county, the city and the province that the money of an area is summed up under (rules A7, H3).
with

regions as (

    select * from {{ ref('dim_region') }}
    where not is_retired

)

select
    region_code,
    'county' as region_level,
    region_code as summary_region_code
from regions

union all

select
    region_code,
    'city' as region_level,
    city_code as summary_region_code
from regions
where city_code is not null

union all

select
    region_code,
    'province' as region_level,
    province_code as summary_region_code
from regions
where province_code is not null
