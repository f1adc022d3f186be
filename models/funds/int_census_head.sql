-- Insured heads on the census date of each scheme and year, a person counted once (rule H1).
with

spells as (

    select * from {{ ref('int_insured_spell') }}

),

standards as (

    select * from {{ ref('funding_standard') }}

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}

),

-- Someone insured twice on the day counts where the latest spell began.
heads as (

    select
        standards.scheme_id,
        standards.benefit_year,
        spells.person_key,
        max_by(
            spells.region_code,
            concat_ws('|', cast(spells.insured_from as {{ dbt.type_string() }}), spells.spell_id)
        ) as region_code,
        max_by(
            spells.insurance_type,
            concat_ws('|', cast(spells.insured_from as {{ dbt.type_string() }}), spells.spell_id)
        ) as insurance_type
    from standards
    inner join pools on standards.scheme_id = pools.scheme_id
    inner join spells
        on
            pools.pool_region_code = spells.pool_region_code
            and standards.insurance_type in ('all', spells.insurance_type)
            and spells.insured_from <= standards.census_date
            and (spells.insured_to is null or standards.census_date < spells.insured_to)
    group by standards.scheme_id, standards.benefit_year, spells.person_key

)

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    count(*) as insured_heads
from heads
group by scheme_id, region_code, insurance_type, benefit_year
