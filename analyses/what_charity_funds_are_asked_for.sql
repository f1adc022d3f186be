-- Relief by pool, year and category: how much a fund needs, and what is left to the persons.
with

cases as (

    select * from {{ ref('relief_case') }}

)

select
    pool_region_code,
    benefit_year,
    assistance_category,
    count(*) as persons,
    sum(borne_amount) as borne_amount,
    sum(relief_amount) as relief_amount,
    sum(borne_after_relief) as borne_after_relief
from cases
group by pool_region_code, benefit_year, assistance_category
order by pool_region_code, benefit_year, assistance_category
