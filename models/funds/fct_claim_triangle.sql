-- Development triangle: payouts by month of service and months until posting, each and so far (rule H3).
with

development as (

    select * from {{ ref('int_development') }}

),

spans as (

    select
        scheme_id,
        insurance_type,
        min(service_month) as first_month,
        max(greatest(service_month, last_posted_month)) as last_month
    from development
    group by scheme_id, insurance_type

),

months as (

    select
        calendar_year,
        month_of_year,
        calendar_year * 12 + month_of_year as month_no,
        min(date_day) as month_start
    from {{ ref('dim_date') }}
    group by calendar_year, month_of_year

),

-- Every cell that time has reached, so that a month in which nothing more came stands in the triangle.
cells as (

    select
        spans.scheme_id,
        spans.insurance_type,
        services.month_start as service_month,
        postings.month_start as posted_month,
        cast(postings.month_no - services.month_no as integer) as development_month
    from spans
    inner join months as services
        on services.month_start >= spans.first_month and services.month_start <= spans.last_month
    inner join months as postings
        on
            postings.month_no between services.month_no and services.month_no + 12
            and postings.month_start <= spans.last_month

),

amounts as (

    select
        cells.*,
        coalesce(development.payout_amount, 0) as payout_amount
    from cells
    left join development
        on
            cells.scheme_id = development.scheme_id
            and cells.insurance_type = development.insurance_type
            and cells.service_month = development.service_month
            and cells.development_month = development.development_month

)

select
    {{ surrogate_key(['scheme_id', 'insurance_type', 'service_month', 'development_month']) }} as triangle_key,
    scheme_id,
    insurance_type,
    service_month,
    development_month,
    posted_month,
    cast(payout_amount as decimal(18, 2)) as payout_amount,
    cast(sum(payout_amount) over (
        partition by scheme_id, insurance_type, service_month
        order by development_month
        rows between unbounded preceding and current row
    ) as decimal(18, 2)) as cumulative_amount
from amounts
