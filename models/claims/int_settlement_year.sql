-- The benefit year that a settlement belongs to (rules A3, A4).
{{ config(
    materialized=grown_table(),
    pre_hook="{{ keep_untouched('setl_d', ref('stg_touched_settlement') if can_keep_years(), 'settlement_id') }}",
) }}
with

settlements as (

    select * from {{ ref('stg_settlement_reading') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

pools as (

    select
        pool_region_code,
        max(benefit_year_basis) as benefit_year_basis
    from {{ ref('scheme') }}
    group by pool_region_code

)

select
    settlements.settlement_id,
    -- A reversal belongs to the benefit year of what it takes back (rule A3).
    cast(extract(year from case
        when pools.benefit_year_basis = 'discharge'
            then coalesce(cast(settlements.root_ended_on as timestamp), settlements.root_settled_at)
        else settlements.root_settled_at
    end) as integer) as benefit_year,
    settlements.source_file
from settlements
inner join regions on settlements.insured_region_code = regions.region_code
inner join pools on regions.pool_region_code = pools.pool_region_code
