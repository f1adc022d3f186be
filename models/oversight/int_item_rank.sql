-- The numbers of item_ranking: drugs, services and materials by persons, cost and what lies outside the policy (rule
-- I5).
with

lines as (

    select
        claims.pool_region_code,
        claims.region_code,
        claims.benefit_year,
        claims.settled_month,
        claims.person_key,
        claims.is_aided,
        coalesce(fee_lines.item_type, 'unclassified') as item_type,
        fee_lines.item_code,
        fee_lines.line_cost as total_cost,
        fee_lines.own_expense + fee_lines.over_limit + fee_lines.pre_self_pay as outside_policy_cost
    from {{ ref('stg_fee_line') }} as fee_lines
    inner join {{ ref('int_ranked_claim') }} as claims on fee_lines.settlement_id = claims.settlement_id
    where fee_lines.item_code is not null

),

{{ ranking('lines', ['item_type', 'item_code'], 'line_count', ['outside_policy_cost'], ['item_type']) }}

select
    ranked.area_level,
    ranked.region_code,
    ranked.pool_region_code,
    ranked.period_kind,
    ranked.period,
    ranked.person_group,
    ranked.item_type,
    ranked.item_code,
    ranked.persons,
    ranked.line_count,
    ranked.total_cost,
    ranked.outside_policy_cost,
    ranked.rank_by_persons,
    ranked.rank_by_total_cost,
    ranked.rank_by_outside_policy_cost
from ranked
