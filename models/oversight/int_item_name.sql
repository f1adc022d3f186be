-- The name that an item is given most often: two names in three are not the standard one (rule I5).
with

names as (

    select
        item_code,
        item_name,
        sum(line_count) as line_count
    from {{ ref('int_item_name_count') }}
    group by item_code, item_name

),

ranked as (

    select
        *,
        row_number() over (partition by item_code order by line_count desc, item_name asc) as preference
    from names

)

select
    item_code,
    item_name
from ranked
where preference = 1
