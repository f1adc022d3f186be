-- Payouts of a scheme with a fund by the month in which they were posted, in every month of a fund year that the
-- settlements tell of (rule I10).
with

fund_years as (

    select * from {{ ref('fct_fund_year') }}

),

payouts as (

    select
        scheme_id,
        region_code,
        insurance_type,
        {{ year_of('settled_at') }} * 100 + cast(extract(month from settled_at) as integer) as posted_month,
        sum(payout_amount) as payout_amount
    from {{ ref('fct_payout') }}
    group by
        scheme_id,
        region_code,
        insurance_type,
        {{ year_of('settled_at') }} * 100 + cast(extract(month from settled_at) as integer)

),

-- The months of each scheme up to the one of the pool's newest settlement.
months as (

    select distinct
        schemes.scheme_id,
        dates.calendar_year,
        dates.month_of_year,
        dates.year_month
    from {{ ref('dim_scheme') }} as schemes
    inner join {{ ref('int_pool_extent') }} as extents on schemes.pool_region_code = extents.pool_region_code
    inner join {{ ref('dim_date') }} as dates on dates.date_day <= extents.last_settled_on

)

select
    fund_years.scheme_id,
    fund_years.region_code,
    fund_years.insurance_type,
    fund_years.benefit_year,
    months.year_month as posted_month,
    months.month_of_year,
    cast(coalesce(payouts.payout_amount, 0) as decimal(18, 2)) as payout_amount
from fund_years
inner join months
    on
        fund_years.scheme_id = months.scheme_id
        and fund_years.benefit_year = months.calendar_year
left join payouts
    on
        fund_years.scheme_id = payouts.scheme_id
        and fund_years.region_code = payouts.region_code
        and fund_years.insurance_type = payouts.insurance_type
        and months.year_month = payouts.posted_month
