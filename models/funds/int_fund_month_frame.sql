-- Every fund and month from the first year to the last of which its scheme's money tells, so that a month without
-- anything is a row of zeros and not a hole (rule H3).
with

funds as (

    select distinct
        scheme_id,
        region_code,
        insurance_type
    from {{ ref('int_fund_year_frame') }}

),

-- Money of a year may move after it: a true-up, a late transfer.
told_years as (

    select
        scheme_id,
        benefit_year as calendar_year
    from {{ ref('int_fund_year_frame') }}
    union
    select
        scheme_id,
        {{ year_of('month_start') }} as calendar_year
    from {{ ref('int_fund_movement_month') }}

),

spans as (

    select
        scheme_id,
        min(calendar_year) as first_year,
        max(calendar_year) as last_year
    from told_years
    group by scheme_id

),

months as (

    select
        calendar_year,
        month_of_year,
        min(date_day) as month_start
    from {{ ref('dim_date') }}
    group by calendar_year, month_of_year

)

select
    funds.scheme_id,
    funds.region_code,
    funds.insurance_type,
    months.month_start,
    months.calendar_year,
    months.month_of_year
from funds
inner join spans on funds.scheme_id = spans.scheme_id
inner join months on months.calendar_year between spans.first_year and spans.last_year
