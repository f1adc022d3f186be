-- Open warnings of each pool at the end of each month, with those that came and those that were resolved in it.
with

warnings as (

    select
        watched.*,
        passed.year_month as passed_month,
        resolved.year_month as resolved_month,
        observed.year_month as observed_month
    from {{ ref('poverty_risk_watchlist') }} as watched
    inner join {{ ref('dim_date') }} as passed on watched.first_passed_on = passed.date_day
    inner join {{ ref('dim_date') }} as observed on watched.observed_on = observed.date_day
    left join {{ ref('dim_date') }} as resolved on watched.resolved_on = resolved.date_day

),

months as (

    select distinct year_month
    from {{ ref('dim_date') }}

)

select
    warnings.pool_region_code,
    warnings.monitored_as,
    months.year_month,
    count(case when warnings.passed_month = months.year_month then 1 end) as new_warnings,
    count(case when warnings.resolved_month = months.year_month then 1 end) as resolved_warnings,
    count(case when coalesce(warnings.resolved_month, 999912) > months.year_month then 1 end) as open_warnings
from warnings
inner join months
    on
        months.year_month >= warnings.passed_month
        and months.year_month <= warnings.observed_month
group by warnings.pool_region_code, warnings.monitored_as, months.year_month
order by warnings.pool_region_code, warnings.monitored_as, months.year_month
