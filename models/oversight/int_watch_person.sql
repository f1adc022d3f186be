-- Persons whose burden could have passed the lowest threshold of their pool, reversals left out: few of millions
-- (rule I1).
with

burdens as (

    select * from {{ ref('fct_burden') }}

),

burden_years as (

    select * from {{ ref('fct_burden_year') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

extents as (

    select * from {{ ref('int_pool_extent') }}

),

lowest_thresholds as (

    select
        pool_region_code,
        min(cast(value as decimal(18, 2))) as threshold
    from {{ ref('pool_parameter') }}
    where parameter like 'watch_%_level_%'
    group by pool_region_code

),

borne as (

    select
        person_key,
        sum(case when out_of_pocket > 0 then out_of_pocket else 0 end) as borne_amount
    from burdens
    group by person_key

),

-- A person belongs where the newest settlement was insured, with all that was borne anywhere.
homes as (

    select
        person_key,
        max_by(region_code, benefit_year) as region_code
    from burden_years
    group by person_key

)

select
    homes.person_key,
    homes.region_code,
    regions.pool_region_code,
    extents.first_settled_on,
    extents.last_settled_on
from homes
inner join borne on homes.person_key = borne.person_key
inner join regions on homes.region_code = regions.region_code
inner join extents on regions.pool_region_code = extents.pool_region_code
inner join lowest_thresholds on regions.pool_region_code = lowest_thresholds.pool_region_code
where borne.borne_amount > lowest_thresholds.threshold
