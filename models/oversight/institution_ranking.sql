-- Institutions by what the insured of an area were charged there in a period, all persons and aided persons apart (rule
-- I5).
with

ranked as (

    select * from {{ ref('int_institution_rank') }}

),

institutions as (

    select * from {{ ref('dim_institution') }}

)

select
    {{ surrogate_key([
        'ranked.area_level', 'ranked.region_code', 'ranked.period', 'ranked.person_group', 'ranked.institution_code',
    ]) }} as institution_ranking_key,
    ranked.area_level,
    ranked.region_code,
    ranked.pool_region_code,
    ranked.period_kind,
    ranked.period,
    ranked.person_group,
    ranked.institution_code,
    institutions.institution_name,
    ranked.persons,
    ranked.settlement_count,
    ranked.total_cost,
    ranked.out_of_pocket,
    ranked.own_expense,
    ranked.rank_by_persons,
    ranked.rank_by_total_cost,
    ranked.rank_by_out_of_pocket,
    ranked.rank_by_own_expense
from ranked
left join institutions on ranked.institution_code = institutions.institution_code
