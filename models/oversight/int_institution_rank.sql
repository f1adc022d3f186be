-- The numbers of institution_ranking: institutions by what the insured of an area were charged there (rule I5).
with

claims as (

    select * from {{ ref('int_ranked_claim') }}
    where institution_code is not null

),

{{ ranking('claims', ['institution_code'], 'settlement_count', ['out_of_pocket', 'own_expense']) }}

select
    ranked.area_level,
    ranked.region_code,
    ranked.pool_region_code,
    ranked.period_kind,
    ranked.period,
    ranked.person_group,
    ranked.institution_code,
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
