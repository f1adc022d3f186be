-- Drugs, services and materials of an area and period by persons, cost and what lies outside the policy, all persons
-- and aided persons apart (rule I5).
with

ranked as (

    select * from {{ ref('int_item_rank') }}

),

names as (

    select * from {{ ref('int_item_name') }}

)

select
    {{ surrogate_key([
        'ranked.area_level', 'ranked.region_code', 'ranked.period', 'ranked.person_group', 'ranked.item_type',
        'ranked.item_code',
    ]) }} as item_ranking_key,
    ranked.area_level,
    ranked.region_code,
    ranked.pool_region_code,
    ranked.period_kind,
    ranked.period,
    ranked.person_group,
    ranked.item_type,
    ranked.item_code,
    names.item_name,
    ranked.persons,
    ranked.line_count,
    ranked.total_cost,
    ranked.outside_policy_cost,
    ranked.rank_by_persons,
    ranked.rank_by_total_cost,
    ranked.rank_by_outside_policy_cost
from ranked
left join names on ranked.item_code = names.item_code
