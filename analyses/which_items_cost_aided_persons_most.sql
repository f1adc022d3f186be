-- The ten items of each type that cost aided persons most outside the policy, newest year of each pool.
with

items as (

    select * from {{ ref('item_ranking') }}

),

newest_years as (

    select
        pool_region_code,
        max(benefit_year) as benefit_year
    from items
    where person_group = 'aided'
    group by pool_region_code

)

select
    items.pool_region_code,
    items.benefit_year,
    items.item_type,
    items.rank_by_outside_policy_cost,
    items.item_code,
    items.item_name,
    items.persons,
    items.total_cost,
    items.outside_policy_cost
from items
inner join newest_years
    on
        items.pool_region_code = newest_years.pool_region_code
        and items.benefit_year = newest_years.benefit_year
where items.person_group = 'aided' and items.rank_by_outside_policy_cost <= 10
order by items.pool_region_code, items.item_type, items.rank_by_outside_policy_cost, items.item_code
