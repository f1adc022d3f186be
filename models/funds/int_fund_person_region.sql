-- Persons paid by a scheme in a county, a city and a province: one who was paid in two counties of a city is one person
-- of the city (rule H3).
with

paid as (

    select distinct
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        person_key
    from {{ ref('fct_payout') }}
    where payout_amount > 0

),

levels as (

    select * from {{ ref('int_region_level') }}

)

select
    paid.scheme_id,
    levels.region_level,
    levels.summary_region_code,
    paid.insurance_type,
    paid.benefit_year,
    count(distinct paid.person_key) as persons_paid
from paid
inner join levels on paid.region_code = levels.region_code
group by
    paid.scheme_id,
    levels.region_level,
    levels.summary_region_code,
    paid.insurance_type,
    paid.benefit_year
