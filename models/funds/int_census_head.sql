-- Insured heads on the census date of each scheme and year, a person counted once (rule H1).
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

),

heads as (

    {{ heads_on('standards', 'spells', 'pools', ['region_code', 'insurance_type']) }}

)

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    count(*) as insured_heads
from heads
group by scheme_id, region_code, insurance_type, benefit_year
