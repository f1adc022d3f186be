-- A fingerprint of all that claims read of a person beside the person's settlements.
{{ config(enabled=can_keep_years()) }}

select
    facts.person_key,
    sum({{ row_hash('facts', ['valid_from', 'valid_to', 'fact_hash']) }}) as facts_hash
from {{ ref('int_person_fact') }} as facts
group by facts.person_key
