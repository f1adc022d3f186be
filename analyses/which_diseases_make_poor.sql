-- Main diseases of the watch list, with what persons bore at the peak: which benefits would prevent most.
with

watched as (

    select * from {{ ref('poverty_risk_watchlist') }}

),

diseases as (

    select * from {{ ref('dim_disease') }}

)

select
    watched.monitored_as,
    watched.main_disease_code,
    diseases.disease_name,
    count(*) as warnings,
    count(case when watched.watch_status = 'open' then 1 end) as open_warnings,
    sum(watched.peak_burden) as peak_burden
from watched
left join diseases on watched.main_disease_code = diseases.disease_code
where watched.main_disease_code is not null
group by watched.monitored_as, watched.main_disease_code, diseases.disease_name
order by warnings desc, watched.monitored_as asc, watched.main_disease_code asc
