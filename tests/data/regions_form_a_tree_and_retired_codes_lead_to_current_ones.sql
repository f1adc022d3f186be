-- Every area lies in a current area of a higher level, and every retired code leads to a current one in one step (rule
-- A7): the pooling region of a settlement is found by going up from its code, and the way up must not break off or go
-- round.
with

regions as (

    select
        region_code,
        region_name,
        parent_region_code,
        retired_into,
        case region_level
            when 'province' then 1
            when 'city' then 2
            else 3
        end as depth
    from {{ ref('region') }}

),

problems as (

    select
        regions.region_code,
        regions.region_name,
        regions.parent_region_code,
        regions.retired_into,
        case
            when regions.parent_region_code is not null and parents.region_code is null
                then 'No such parent: correct parent_region_code, or add the area to region.'
            when parents.retired_into is not null
                then 'The parent is a retired code: set parent_region_code to the code that replaced it.'
            when parents.depth >= regions.depth
                then 'The parent must be of a higher level: correct parent_region_code or region_level.'
            when regions.retired_into is not null and successors.region_code is null
                then 'No such successor: correct retired_into, or add the area to region.'
            when successors.retired_into is not null
                then 'The successor is itself retired: set retired_into to the code in use today.'
        end as problem
    from regions
    left join regions as parents
        on regions.parent_region_code = parents.region_code
    left join regions as successors
        on regions.retired_into = successors.region_code

)

select * from problems
where problem is not null
