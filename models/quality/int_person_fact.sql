-- What claims read of a person beside the person's settlements, each as a span of days with a fingerprint.
{{ config(materialized='view', enabled=can_keep_years()) }}

{%- set facts = [
    ('int_assistance_spell', 'facts.held_from', 'facts.held_to', ['assistance_category']),
    ('int_basic_benefit_span', 'facts.benefits_from', 'facts.benefits_to', ['scheme_id']),
    ('fct_cover_span', 'facts.covered_from', 'facts.covered_to', ['scheme_id', 'cover_rule']),
    ('int_cover_start', year_start('facts.cover_year'), year_start('facts.cover_year + 1'),
        ['scheme_id', 'starts_on']),
] %}

{%- for model, valid_from, valid_to, told in facts %}

select
    facts.person_key,
    {{ valid_from }} as valid_from,
    coalesce({{ valid_to }}, cast('9999-12-31' as date)) as valid_to,
    {{ row_hash('facts', told) }} as fact_hash
from {{ ref(model) }} as facts

union all
{%- endfor %}

select
    facts.person_key,
    cast('0001-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to,
    {{ row_hash('facts', ['sex', 'born_on']) }} as fact_hash
from {{ ref('stg_person') }} as facts

union all

-- Who was insured on any day at all is told from who never was (rule G6).
select distinct
    facts.person_key,
    cast('0001-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to,
    {{ row_hash('facts', ['scheme_id', 'person_key']) }} as fact_hash
from {{ ref('int_basic_benefit_span') }} as facts
