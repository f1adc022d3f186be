-- Care outside the home county by home county and year: visits, share of referred ones, cost.
with

flows as (

    select * from {{ ref('visit_flow') }}

)

select
    pool_region_code,
    home_region_code,
    sum(visit_count) as visits,
    sum(case when is_home_county then 0 else visit_count end) as visits_elsewhere,
    sum(case when is_home_province then 0 else visit_count end) as visits_outside_province,
    sum(referred_visit_count) as referred_visits,
    sum(case when is_home_county then 0 else total_cost end) as cost_elsewhere
from flows
group by pool_region_code, home_region_code
order by visits_elsewhere desc, home_region_code asc
