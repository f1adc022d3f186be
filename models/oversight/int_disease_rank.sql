-- The numbers of disease_ranking: diseases by persons, cost and out-of-pocket (rule I5).
with

claims as (

    select * from {{ ref('int_ranked_claim') }}
    where disease_code is not null

),

{{ ranking('claims', ['disease_code'], 'settlement_count', ['out_of_pocket']) }}

select
    ranked.area_level,
    ranked.region_code,
    ranked.pool_region_code,
    ranked.period_kind,
    ranked.period,
    ranked.person_group,
    ranked.disease_code,
    ranked.persons,
    ranked.settlement_count,
    ranked.total_cost,
    ranked.out_of_pocket,
    ranked.rank_by_persons,
    ranked.rank_by_total_cost,
    ranked.rank_by_out_of_pocket
from ranked
