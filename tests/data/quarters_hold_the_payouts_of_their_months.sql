-- A quarter was paid what its three months were paid, and what a pool asks for is the sum of its counties' plans
-- (rule H4).
with

quarters as (

    select
        *,
        sum(planned_amount) over (partition by scheme_id, insurance_type, quarter_start) as counties_planned_amount
    from {{ ref('fct_fund_quarter_plan') }}

),

numbered as (

    select
        *,
        cast({{ whole_quotient('month_of_year + 2', 3) }} as integer) as quarter_of_year
    from {{ ref('fct_fund_month') }}

),

months as (

    select
        scheme_id,
        region_code,
        insurance_type,
        calendar_year,
        quarter_of_year,
        sum(payout_amount) as payout_amount
    from numbered
    group by scheme_id, region_code, insurance_type, calendar_year, quarter_of_year

)

select
    quarters.scheme_id,
    quarters.region_code,
    quarters.insurance_type,
    quarters.quarter_start,
    quarters.payout_amount,
    months.payout_amount as months_payout_amount,
    quarters.pool_planned_amount,
    quarters.counties_planned_amount
from quarters
left join months
    on
        quarters.scheme_id = months.scheme_id
        and quarters.region_code = months.region_code
        and quarters.insurance_type = months.insurance_type
        and quarters.calendar_year = months.calendar_year
        and quarters.quarter_of_year = months.quarter_of_year
where
    quarters.payout_amount <> coalesce(months.payout_amount, 0)
    or quarters.pool_planned_amount <> quarters.counties_planned_amount
