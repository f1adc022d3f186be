-- Settlements that stand with their month and whether the person was aided on the day: what rankings count (rule I5).
{{ config(materialized='view') }}

with

claims as (

    select * from {{ ref('int_standing_claim') }}

),

aided as (

    select * from {{ ref('int_aided_claim') }}

)

select
    claims.settlement_id,
    claims.person_key,
    claims.pool_region_code,
    claims.region_code,
    claims.benefit_year,
    {{ year_of('claims.settled_on') }} * 100 + cast(extract(month from claims.settled_on) as integer) as settled_month,
    claims.disease_code,
    claims.institution_code,
    case when aided.settlement_id is not null then 1 else 0 end as is_aided,
    claims.total_cost,
    claims.own_expense,
    claims.out_of_pocket
from claims
left join aided on claims.settlement_id = aided.settlement_id
