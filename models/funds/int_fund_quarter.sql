-- The quarters to plan for each fund, with the day on which the plan is due and the spans that it is made from (rule
-- H4).
with

years as (

    select * from {{ ref('int_fund_year_frame') }}

),

schemes as (

    select
        scheme_id,
        max(pool_region_code) as pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'
    group by scheme_id

),

lead_days as (

    select * from {{ ref('pool_parameter') }}
    where parameter = 'quarter_plan_lead_days'

),

quarter_starts as (

    select
        calendar_year,
        quarter_of_year,
        min(date_day) as quarter_start
    from {{ ref('dim_date') }}
    group by calendar_year, quarter_of_year

),

funds as (

    select
        scheme_id,
        region_code,
        insurance_type,
        min(benefit_year) as first_year,
        max(benefit_year) as last_year
    from years
    group by scheme_id, region_code, insurance_type

),

-- The first quarter after the last year is planned before that year is over.
quarters as (

    select
        funds.scheme_id,
        funds.region_code,
        funds.insurance_type,
        schemes.pool_region_code,
        quarter_starts.quarter_start,
        quarter_starts.calendar_year,
        quarter_starts.quarter_of_year
    from funds
    inner join schemes on funds.scheme_id = schemes.scheme_id
    inner join quarter_starts
        on
            quarter_starts.calendar_year between funds.first_year and funds.last_year
            or (quarter_starts.calendar_year = funds.last_year + 1 and quarter_starts.quarter_of_year = 1)

),

dated as (

    select
        quarters.*,
        {{ add_days('quarters.quarter_start', "0 - cast(lead_days.value as integer)") }} as due_on,
        lead_days.status as parameter_status
    from quarters
    left join lead_days
        on
            quarters.pool_region_code = lead_days.pool_region_code
            and {{ is_in_force('lead_days', 'quarters.quarter_start') }}

),

-- A pool that asks for no lead is planned for as of the quarter's first day.
as_of as (

    select
        *,
        coalesce(due_on, quarter_start) as planned_on
    from dated

)

-- What was posted before that day is known when the plan is made; so is the last quarter that ended by then.
select
    scheme_id,
    region_code,
    insurance_type,
    quarter_start,
    calendar_year,
    quarter_of_year,
    due_on,
    planned_on,
    parameter_status,
    {{ add_months('quarter_start', 3) }} as quarter_end,
    {{ add_months('quarter_start', -12) }} as former_year_start,
    {{ add_months('quarter_start', -9) }} as former_year_end,
    {{ year_start('cast(extract(year from planned_on) as integer)') }} as year_start,
    {{ year_start('cast(extract(year from planned_on) as integer) - 1') }} as former_span_start,
    {{ add_months('planned_on', -12) }} as former_span_end,
    {{ add_months('quarter_start', 'case when planned_on = quarter_start then -3 else -6 end') }} as last_quarter_start,
    {{ add_months('quarter_start', 'case when planned_on = quarter_start then 0 else -3 end') }} as last_quarter_end
from as_of
