-- Terms, tiers and funding standards name an insurance type that their scheme covers (rule D5): a row for another type
-- would never be used, and is most likely meant for another scheme.
{%- set typed_seeds = ['benefit_term', 'benefit_tier', 'funding_standard'] %}
with

typed_rows as (

    {%- for typed_seed in typed_seeds %}

    select distinct
        '{{ typed_seed }}' as seed,
        scheme_id,
        insurance_type
    from {{ ref(typed_seed) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

schemes as (

    select
        scheme_id,
        insurance_type
    from {{ ref('scheme') }}

)

select
    typed_rows.*,
    'The scheme does not cover this insurance type: correct insurance_type here, or in scheme.' as problem
from typed_rows
left join schemes
    on
        typed_rows.scheme_id = schemes.scheme_id
        and (
            typed_rows.insurance_type = schemes.insurance_type
            or 'all' in (typed_rows.insurance_type, schemes.insurance_type)
        )
where schemes.scheme_id is null
