-- A year of a supplementary scheme with money or payouts and outside every contract cycle is in no fct_fund_cycle
-- (rule H6): add the next cycle to seeds/policy/insurer_share.csv.
{{ config(severity='warn') }}

with

years as (

    select * from {{ ref('int_supplementary_year') }}

),

cycles as (

    select * from {{ ref('fct_fund_cycle') }}

)

select
    years.scheme_id,
    years.benefit_year,
    years.premium_amount,
    years.payout_amount
from years
left join cycles
    on
        years.scheme_id = cycles.scheme_id
        and years.benefit_year = cycles.benefit_year
where cycles.scheme_id is null
