-- Diseases of a pool and year by persons, cost and out-of-pocket, all persons and aided persons apart (rule I5).
{%- set measures = ['persons', 'total_cost', 'out_of_pocket'] %}
with

claims as (

    select
        claims.*,
        case when aided.settlement_id is not null then 1 else 0 end as is_aided
    from {{ ref('int_standing_claim') }} as claims
    left join {{ ref('int_aided_claim') }} as aided on claims.settlement_id = aided.settlement_id
    where claims.disease_code is not null

),

diseases as (

    select * from {{ ref('dim_disease') }}

),

-- Persons first, so that counting them again is counting rows.
person_years as (

    select
        pool_region_code,
        benefit_year,
        disease_code,
        person_key,
        is_aided,
        count(*) as settlement_count,
        sum(total_cost) as total_cost,
        sum(out_of_pocket) as out_of_pocket
    from claims
    group by pool_region_code, benefit_year, disease_code, person_key, is_aided

),

grouped as (

    {%- for person_group, condition in {'all': 'is_aided in (0, 1)', 'aided': 'is_aided = 1'}.items() %}
    select
        pool_region_code,
        benefit_year,
        '{{ person_group }}' as person_group,
        disease_code,
        count(distinct person_key) as persons,
        sum(settlement_count) as settlement_count,
        sum(total_cost) as total_cost,
        sum(out_of_pocket) as out_of_pocket
    from person_years
    where {{ condition }}
    group by pool_region_code, benefit_year, disease_code
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    {{ surrogate_key([
        'grouped.pool_region_code', 'grouped.benefit_year', 'grouped.person_group', 'grouped.disease_code',
    ]) }} as disease_ranking_key,
    grouped.pool_region_code,
    grouped.benefit_year,
    grouped.person_group,
    grouped.disease_code,
    diseases.disease_name,
    grouped.persons,
    cast(grouped.settlement_count as bigint) as settlement_count,
    cast(grouped.total_cost as decimal(18, 2)) as total_cost,
    {%- for measure in measures %}
    cast(rank() over (
        partition by grouped.pool_region_code, grouped.benefit_year, grouped.person_group
        order by grouped.{{ measure }} desc
    ) as integer) as rank_by_{{ measure }},
    {%- endfor %}
    cast(grouped.out_of_pocket as decimal(18, 2)) as out_of_pocket
from grouped
left join diseases on grouped.disease_code = diseases.disease_code
