-- The first and the last day of which a pool's settlements tell: "today" of everything that is watched (rule I1).
with

burdens as (

    select * from {{ ref('fct_burden') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

-- Days of an area first: few rows, so that the join is small.
areas as (

    select
        region_code,
        min(cast(settled_at as date)) as first_settled_on,
        max(cast(settled_at as date)) as last_settled_on
    from burdens
    group by region_code

)

select
    regions.pool_region_code,
    min(areas.first_settled_on) as first_settled_on,
    max(areas.last_settled_on) as last_settled_on
from areas
inner join regions on areas.region_code = regions.region_code
group by regions.pool_region_code
