-- Heads on the census date of each scheme and year, a person counted once: who is insured, and of a supplementary
-- scheme who is enrolled (rules H1, H7).
with

spells as (

    select * from {{ ref('int_insured_spell') }}

),

standards as (

    select
        scheme_id,
        insurance_type,
        benefit_year,
        census_date as counted_on
    from {{ ref('funding_standard') }}

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'

),

insured as (

    {{ heads_on('standards', 'spells', 'pools', ['region_code', 'insurance_type']) }}

),

heads as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year
    from insured
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year
    from {{ ref('int_supplementary_head') }}
    where is_enrolled

)

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    count(*) as insured_heads
from heads
group by scheme_id, region_code, insurance_type, benefit_year
