-- Persons whose burden could have passed a threshold of their pool, reversals left out: few of millions (rule I1).
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

aided_persons as (

    select distinct person_key from {{ ref('int_assistance_spell') }}

),

unaided as (

    select monitored_as from {{ ref('assistance_category') }}
    where assistance_category = 'none'

),

lowest_thresholds as (

    select
        parameters.pool_region_code,
        min(cast(parameters.value as decimal(18, 2))) as threshold,
        min(case
            when parameters.parameter like 'watch_' || unaided.monitored_as || '_level_%'
                then cast(parameters.value as decimal(18, 2))
        end) as unaided_threshold
    from {{ ref('pool_parameter') }} as parameters
    cross join unaided
    where parameters.parameter like 'watch_%_level_%'
    group by parameters.pool_region_code

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
left join aided_persons on homes.person_key = aided_persons.person_key
where
    borne.borne_amount > case
        when aided_persons.person_key is not null then lowest_thresholds.threshold
        else lowest_thresholds.unaided_threshold
    end
