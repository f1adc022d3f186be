-- Heads of supplementary insurance in each group: all, and those that must be enrolled (rule H7). A person may be in
-- several groups, and is in each once.
with

heads as (

    select * from {{ ref('int_supplementary_head') }}

),

duties as (

    select * from {{ ref('enrolment_duty') }}

),

aided as (

    select * from {{ ref('int_assistance_spell') }}

),

members as (

    select
        heads.*,
        'all' as enrolment_group
    from heads
    union all
    select
        heads.*,
        duties.enrolment_group
    from heads
    inner join duties
        on
            heads.scheme_id = duties.scheme_id
            and coalesce(duties.insurance_type, heads.insurance_type) = heads.insurance_type
            and (duties.person_type is null or duties.person_type = heads.person_type)
            and {{ is_in_force('duties', 'heads.counted_on') }}
    where duties.assistance_category is null
    union all
    select
        heads.*,
        duties.enrolment_group
    from heads
    inner join aided
        on
            heads.person_key = aided.person_key
            and aided.held_from <= heads.counted_on
            and (aided.held_to is null or heads.counted_on < aided.held_to)
    inner join duties
        on
            heads.scheme_id = duties.scheme_id
            and aided.assistance_category = duties.assistance_category
            and coalesce(duties.insurance_type, heads.insurance_type) = heads.insurance_type
            and (duties.person_type is null or duties.person_type = heads.person_type)
            and {{ is_in_force('duties', 'heads.counted_on') }}

)

select
    scheme_id,
    region_code,
    benefit_year,
    enrolment_group,
    count(distinct person_key) as insured_heads,
    count(distinct case when is_enrolled then person_key end) as enrolled_heads,
    count(distinct case when is_subsidised then person_key end) as subsidised_heads
from members
group by scheme_id, region_code, benefit_year, enrolment_group
