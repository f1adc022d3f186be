-- The pooling region that a seed names is a current area (rules A7, C3): settlements are mapped to current codes before
-- their pool is looked for, so a retired code would never be found.
{%- set pool_seeds = ['scheme', 'pool_parameter', 'identity_code', 'care_type_code', 'insurance_type_code'] %}
with

pools as (

    {%- for pool_seed in pool_seeds %}

    select distinct
        '{{ pool_seed }}' as seed,
        pool_region_code
    from {{ ref(pool_seed) }}
    where pool_region_code is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

regions as (

    select * from {{ ref('region') }}

),

problems as (

    select
        pools.*,
        case
            when regions.region_code is null
                then 'No such area: correct pool_region_code, or add the area to region.'
            when regions.retired_into is not null
                then 'This code is retired: set pool_region_code to the code that replaced it.'
        end as problem
    from pools
    left join regions
        on pools.pool_region_code = regions.region_code

)

select * from problems
where problem is not null
