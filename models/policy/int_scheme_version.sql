-- Spans of time in which nothing changes in the terms of a scheme and insurance type (rule D5).
with

schemes as (

    select * from {{ ref('scheme') }}

),

insurance_types as (

    select 'employee' as insurance_type
    union all
    select 'resident' as insurance_type

),

scheme_types as (

    select
        schemes.scheme_id,
        insurance_types.insurance_type,
        schemes.effective_from,
        schemes.effective_to,
        schemes.status
    from schemes
    inner join insurance_types on schemes.insurance_type in ('all', insurance_types.insurance_type)

),

changes as (

    select
        scheme_id,
        effective_from as changes_on
    from {{ ref('scheme') }}
    union
    select
        scheme_id,
        effective_to as changes_on
    from {{ ref('scheme') }}
    {%- for seed in ['benefit_term', 'benefit_tier', 'category_modifier', 'coverage', 'int_aid_term'] %}
    union
    select
        scheme_id,
        effective_from as changes_on
    from {{ ref(seed) }}
    union
    select
        scheme_id,
        effective_to as changes_on
    from {{ ref(seed) }}
    {%- endfor %}

),

spans as (

    select
        scheme_id,
        changes_on as valid_from,
        lead(changes_on) over (partition by scheme_id order by changes_on) as valid_to
    from changes
    where changes_on is not null

)

select
    scheme_types.scheme_id,
    scheme_types.insurance_type,
    spans.valid_from,
    spans.valid_to,
    {{ status_rank('scheme_types.status') }} as status_rank
from scheme_types
inner join spans
    on
        scheme_types.scheme_id = spans.scheme_id
        and {{ is_in_force('scheme_types', 'spans.valid_from') }}
