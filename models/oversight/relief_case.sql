-- Person-years whose burden passes the pool's ceiling: what charity funds are asked to meet (rule I2).
with

reliefs as (

    select * from {{ ref('int_relief') }}

),

burdens as (

    select * from {{ ref('fct_burden') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

placed as (

    select
        reliefs.*,
        burdens.region_code,
        cast(burdens.settled_at as date) as settled_on,
        concat_ws('|', cast(burdens.settled_at as {{ dbt.type_string() }}), burdens.settlement_id) as place_in_year
    from reliefs
    inner join burdens on reliefs.settlement_id = burdens.settlement_id

),

-- Category and ceiling are those of the newest settlement under a category that has a ceiling (rule C2).
person_years as (

    select
        person_key,
        benefit_year,
        max_by(region_code, place_in_year) as region_code,
        max_by(assistance_category, case when ceiling is not null then place_in_year end) as assistance_category,
        max_by(ceiling, case when ceiling is not null then place_in_year end) as ceiling,
        count(distinct assistance_category) > 1 as is_category_changed,
        max_by(borne_after, place_in_year) as borne_amount,
        sum(relief_paid) as relief_amount,
        count(case when relief_paid > 0 then 1 end) as relieved_settlements,
        min(case when relief_paid > 0 then settled_on end) as first_relieved_on,
        max(case when relief_paid > 0 then settled_on end) as last_relieved_on,
        max(status_rank) as status_rank
    from placed
    group by person_key, benefit_year

)

select
    {{ surrogate_key(['person_years.person_key', 'person_years.benefit_year']) }} as relief_case_key,
    person_years.person_key,
    person_years.benefit_year,
    person_years.region_code,
    regions.pool_region_code,
    person_years.assistance_category,
    person_years.is_category_changed,
    person_years.ceiling,
    person_years.borne_amount,
    cast(person_years.relief_amount as decimal(18, 2)) as relief_amount,
    cast(person_years.borne_amount - person_years.relief_amount as decimal(18, 2)) as borne_after_relief,
    person_years.relieved_settlements,
    person_years.first_relieved_on,
    person_years.last_relieved_on,
    {{ status_name('person_years.status_rank') }} as parameter_status
from person_years
inner join regions on person_years.region_code = regions.region_code
-- What was relieved and taken back again within the year is still a case that was opened.
where person_years.relieved_settlements > 0
