-- A fingerprint of what claims read of a person beside settlements.
{{ config(enabled=can_keep_years(), pre_hook="{{ keep_served() }}") }}

select
    facts.person_key,
    sum({{ row_hash('facts', ['valid_from', 'valid_to', 'fact_hash']) }}) as facts_hash
from {{ ref('int_person_fact') }} as facts
group by facts.person_key
