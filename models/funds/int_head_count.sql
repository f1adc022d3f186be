-- Heads of critical illness insurance on the census date and on the last day of the year, by county, line and year of
-- birth, in the years that the funds have rows for (rules H1, H2).
with

spells as (

    select
        spells.*,
        persons.birth_year
    from {{ ref('int_insured_spell') }} as spells
    left join {{ ref('dim_person') }} as persons on spells.person_key = persons.person_key

),

fund_years as (

    select distinct
        scheme_id,
        benefit_year
    from {{ ref('int_fund_year_frame') }}

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'

),

standards as (

    select standards.*
    from {{ ref('funding_standard') }} as standards
    inner join fund_years
        on
            standards.scheme_id = fund_years.scheme_id
            and standards.benefit_year = fund_years.benefit_year

),

counts as (

    select
        scheme_id,
        insurance_type,
        benefit_year,
        'census' as head_basis,
        census_date as counted_on
    from standards
    union all
    select
        scheme_id,
        insurance_type,
        benefit_year,
        'year_end' as head_basis,
        {{ add_days(year_start('benefit_year + 1'), -1) }} as counted_on
    from standards

),

heads as (

    {{ heads_on('counts', 'spells', 'pools', ['region_code', 'insurance_type', 'insurance_line', 'birth_year'],
        ['head_basis']) }}

)

select
    scheme_id,
    region_code,
    insurance_type,
    insurance_line,
    benefit_year,
    head_basis,
    birth_year,
    count(*) as insured_heads
from heads
group by scheme_id, region_code, insurance_type, insurance_line, benefit_year, head_basis, birth_year
