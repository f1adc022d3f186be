-- What a person was charged of an item in a year (rule I5).
with

lines as (

    select * from {{ ref('stg_fee_line') }}
    where item_code is not null

),

claims as (

    select
        claims.settlement_id,
        claims.pool_region_code,
        claims.benefit_year,
        claims.person_key,
        case when aided.settlement_id is not null then 1 else 0 end as is_aided
    from {{ ref('int_standing_claim') }} as claims
    left join {{ ref('int_aided_claim') }} as aided on claims.settlement_id = aided.settlement_id

)

select
    claims.pool_region_code,
    claims.benefit_year,
    coalesce(lines.item_type, 'unclassified') as item_type,
    lines.item_code,
    claims.person_key,
    claims.is_aided,
    sum(lines.line_cost) as total_cost,
    sum(lines.own_expense + lines.over_limit + lines.pre_self_pay) as outside_policy_cost
from lines
inner join claims on lines.settlement_id = claims.settlement_id
group by
    claims.pool_region_code,
    claims.benefit_year,
    coalesce(lines.item_type, 'unclassified'),
    lines.item_code,
    claims.person_key,
    claims.is_aided
