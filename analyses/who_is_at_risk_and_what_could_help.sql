-- Open warnings by county, kind and the layer that could still help: where to send case workers first.
with

watched as (

    select * from {{ ref('poverty_risk_watchlist') }}

)

select
    region_code,
    monitored_as,
    helping_layer,
    count(*) as persons,
    count(case when risk_level = 3 then 1 end) as persons_at_level_3,
    count(case when trend = 'rising' then 1 end) as persons_rising,
    sum(last_12_months_burden) as last_12_months_burden
from watched
where watch_status = 'open'
group by region_code, monitored_as, helping_layer
order by persons_at_level_3 desc, persons desc, region_code asc, monitored_as asc, helping_layer asc
