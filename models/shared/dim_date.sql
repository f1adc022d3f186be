-- Days of every year that a policy or a claim may fall into.
with

days as (

    {{ each_day('2010-01-01', '2040-12-31') }}

)

select
    date_day,
    cast(extract(year from date_day) as integer) as calendar_year,
    cast(extract(quarter from date_day) as integer) as quarter_of_year,
    cast(extract(month from date_day) as integer) as month_of_year,
    cast(extract(year from date_day) * 100 + extract(month from date_day) as integer) as year_month
from days
