-- Days of every year that a policy or a claim may fall into.
with

days as (

    {{ dbt.date_spine('day', "cast('2010-01-01' as date)", "cast('2041-01-01' as date)") }}

)

select
    cast(date_day as date) as date_day,
    cast(extract(year from date_day) as integer) as calendar_year,
    cast(extract(quarter from date_day) as integer) as quarter_of_year,
    cast(extract(month from date_day) as integer) as month_of_year,
    cast(extract(year from date_day) * 100 + extract(month from date_day) as integer) as year_month
from days
