-- Movements of a fund's money by county, insurance type and month, one column a kind (rules H2, H3).
with

calendar as (

    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from {{ ref('dim_date') }}

),

-- A date outside the calendar is a slip of the pen: the money stands at its end and is not lost.
movements as (

    select
        movements.*,
        {{ month_start('least(greatest(movements.moved_on, calendar.first_day), calendar.last_day)') }} as month_start
    from {{ ref('int_fund_transaction') }} as movements
    cross join calendar

)

select
    scheme_id,
    region_code,
    insurance_type,
    month_start,
    {%- for kind in ['true_up', 'advance', 'service_fee', 'interest'] %}
    cast(sum(case when transaction_type = '{{ kind }}' then amount else 0 end) as decimal(18, 2)) as {{ kind }}_amount,
    {%- endfor %}
    cast(
        sum(case when transaction_type in ('transfer_in', 'premium_in') then amount else 0 end) as decimal(18, 2)
    ) as transfer_in_amount
from movements
group by scheme_id, region_code, insurance_type, month_start
