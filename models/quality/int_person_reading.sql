-- A fingerprint of what claims read of a person beside settlements.
{{ config(enabled=can_keep_years()) }}

select
    person_key,
    sum(fact_hash) as facts_hash
from {{ ref('int_person_fact') }}
group by person_key
