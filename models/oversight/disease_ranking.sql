-- Diseases of an area and period by persons, cost and out-of-pocket, all persons and aided persons apart (rule I5).
with

ranked as (

    select * from {{ ref('int_disease_rank') }}

),

diseases as (

    select * from {{ ref('dim_disease') }}

)

select
    {{ surrogate_key([
        'ranked.area_level', 'ranked.region_code', 'ranked.period', 'ranked.person_group', 'ranked.disease_code',
    ]) }} as disease_ranking_key,
    ranked.area_level,
    ranked.region_code,
    ranked.pool_region_code,
    ranked.period_kind,
    ranked.period,
    ranked.person_group,
    ranked.disease_code,
    diseases.disease_name,
    ranked.persons,
    ranked.settlement_count,
    ranked.total_cost,
    ranked.out_of_pocket,
    ranked.rank_by_persons,
    ranked.rank_by_total_cost,
    ranked.rank_by_out_of_pocket
from ranked
left join diseases on ranked.disease_code = diseases.disease_code
