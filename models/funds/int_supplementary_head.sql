-- Heads of supplementary insurance on the census date, person by person, with whether a premium was paid for the cover
-- year (rules H1, H7).
with

spells as (

    select * from {{ ref('int_insured_spell') }}

),

premiums as (

    select
        scheme_id,
        person_key,
        cover_year,
        bool_or(channel = 'subsidised') as is_subsidised
    from {{ ref('int_premium') }}
    group by scheme_id, person_key, cover_year

),

cover_years as (

    select distinct
        scheme_id,
        cover_year
    from premiums

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'supplementary'

),

standards as (

    select
        standards.scheme_id,
        standards.insurance_type,
        standards.benefit_year,
        standards.census_date as counted_on
    from {{ ref('funding_standard') }} as standards
    inner join cover_years
        on
            standards.scheme_id = cover_years.scheme_id
            and standards.benefit_year = cover_years.cover_year

),

heads as (

    {{ heads_on('standards', 'spells', 'pools', ['region_code', 'insurance_type', 'person_type'], ['counted_on']) }}

)

select
    heads.scheme_id,
    heads.benefit_year,
    heads.counted_on,
    heads.person_key,
    heads.region_code,
    heads.insurance_type,
    heads.person_type,
    premiums.person_key is not null as is_enrolled,
    coalesce(premiums.is_subsidised, false) as is_subsidised
from heads
left join premiums
    on
        heads.scheme_id = premiums.scheme_id
        and heads.person_key = premiums.person_key
        and heads.benefit_year = premiums.cover_year
