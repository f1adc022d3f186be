-- The ten items of each type that cost aided persons most outside the policy, newest year of each pool.
with

items as (

    select * from {{ ref('item_ranking') }}
    where area_level = 'pool' and period_kind = 'year' and person_group = 'aided'

),

newest_years as (

    select
        region_code,
        max(period) as period
    from items
    group by region_code

)

select
    items.region_code as pool_region_code,
    items.period as benefit_year,
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
        items.region_code = newest_years.region_code
        and items.period = newest_years.period
where items.rank_by_outside_policy_cost <= 10
order by items.region_code, items.item_type, items.rank_by_outside_policy_cost, items.item_code
