-- Areas with the city, province and pooling region that each belongs to (rule A7).
with

regions as (

    select * from {{ ref('region') }}

),

pools as (

    select distinct pool_region_code from {{ ref('scheme') }}

),

current_regions as (

    select
        region_code,
        region_name,
        region_name_zh,
        region_level,
        retired_into is not null as is_retired,
        coalesce(retired_into, region_code) as current_region_code
    from regions

),

-- A dictionary of areas is three levels deep: the area, its parent and its parent's parent.
with_ancestors as (

    select
        current_regions.*,
        own.region_level as own_level,
        own.parent_region_code as parent_code,
        parent.region_level as parent_level,
        parent.parent_region_code as grandparent_code,
        grandparent.region_level as grandparent_level
    from current_regions
    inner join regions as own on current_regions.current_region_code = own.region_code
    left join regions as parent on own.parent_region_code = parent.region_code
    left join regions as grandparent on parent.parent_region_code = grandparent.region_code

),

final as (

    select
        with_ancestors.region_code,
        with_ancestors.region_name,
        with_ancestors.region_name_zh,
        with_ancestors.region_level,
        with_ancestors.is_retired,
        with_ancestors.current_region_code,
        case
            when with_ancestors.own_level = 'city' then with_ancestors.current_region_code
            when with_ancestors.parent_level = 'city' then with_ancestors.parent_code
        end as city_code,
        case
            when with_ancestors.own_level = 'province' then with_ancestors.current_region_code
            when with_ancestors.parent_level = 'province' then with_ancestors.parent_code
            when with_ancestors.grandparent_level = 'province' then with_ancestors.grandparent_code
        end as province_code,
        coalesce(
            own_pool.pool_region_code, parent_pool.pool_region_code, grandparent_pool.pool_region_code
        ) as pool_region_code
    from with_ancestors
    left join pools as own_pool on with_ancestors.current_region_code = own_pool.pool_region_code
    left join pools as parent_pool on with_ancestors.parent_code = parent_pool.pool_region_code
    left join pools as grandparent_pool on with_ancestors.grandparent_code = grandparent_pool.pool_region_code

)

select * from final
