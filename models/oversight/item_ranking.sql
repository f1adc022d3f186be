-- Drugs, services and materials of a pool and year by persons, cost and what lies outside the policy, all persons and
-- aided persons apart (rule I5).
{%- set measures = ['persons', 'total_cost', 'outside_policy_cost'] %}
with

person_items as (

    select * from {{ ref('int_person_item') }}

),

names as (

    select * from {{ ref('int_item_name') }}

),

grouped as (

    {%- for person_group, condition in {'all': 'is_aided in (0, 1)', 'aided': 'is_aided = 1'}.items() %}
    select
        pool_region_code,
        benefit_year,
        '{{ person_group }}' as person_group,
        item_type,
        item_code,
        count(distinct person_key) as persons,
        sum(total_cost) as total_cost,
        sum(outside_policy_cost) as outside_policy_cost
    from person_items
    where {{ condition }}
    group by pool_region_code, benefit_year, item_type, item_code
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    {{ surrogate_key([
        'grouped.pool_region_code', 'grouped.benefit_year', 'grouped.person_group', 'grouped.item_type',
        'grouped.item_code',
    ]) }} as item_ranking_key,
    grouped.pool_region_code,
    grouped.benefit_year,
    grouped.person_group,
    grouped.item_type,
    grouped.item_code,
    names.item_name,
    grouped.persons,
    cast(grouped.total_cost as decimal(18, 2)) as total_cost,
    {%- for measure in measures %}
    cast(rank() over (
        partition by grouped.pool_region_code, grouped.benefit_year, grouped.person_group, grouped.item_type
        order by grouped.{{ measure }} desc
    ) as integer) as rank_by_{{ measure }},
    {%- endfor %}
    cast(grouped.outside_policy_cost as decimal(18, 2)) as outside_policy_cost
from grouped
left join names on grouped.item_code = names.item_code
