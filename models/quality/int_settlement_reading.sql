-- A fingerprint of what is read for a settlement beside its fee lines: its row, and what is told of the person in the
-- benefit year. Where it and int_line_reading are as in the served file for a whole year, the year is as it was.
{{ config(
    materialized=grown_table(),
    enabled=can_keep_years(),
    unique_key='settlement_id',
    pre_hook="{{ keep_untouched('setl_d', ref('stg_touched_settlement'), 'settlement_id') }}",
) }}
{%- set persons, all_settlements = ref('int_person_reading'), ref('stg_settlement') %}
{%- set told_otherwise = persons_told_otherwise(persons) if new_files('setl_d') is not none %}
with

read_anew as (

    select
        settlement_id,
        person_key,
        root_settled_at,
        settled_at,
        settlement_hash
    from {{ ref('stg_settlement_reading') }}
    {%- if told_otherwise %}
    union
    select
        settlements.settlement_id,
        settlements.person_key,
        settlements.root_settled_at,
        settlements.settled_at,
        {{ whole_row_hash('settlements', but='source_file') }} as settlement_hash
    from {{ all_settlements }} as settlements
    where settlements.person_key in ({{ told_otherwise }})
    {%- endif %}

),

settlements as (

    select
        read_anew.settlement_id,
        read_anew.person_key,
        years.benefit_year,
        read_anew.settlement_hash,
        least(cast(read_anew.root_settled_at as date), {{ year_start('years.benefit_year') }}) as first_on,
        greatest(
            {{ add_days('cast(read_anew.settled_at as date)', 1) }}, {{ year_start('years.benefit_year + 1') }}
        ) as until
    from read_anew
    inner join {{ ref('int_settlement_year') }} as years on read_anew.settlement_id = years.settlement_id

),

-- The days on which anything of the person is judged for a settlement of the year.
spans as (

    select distinct
        person_key,
        first_on,
        until
    from settlements

),

-- Of what is told only what lies in these days: that it goes on longer, or began earlier, changes nothing.
told as (

    select
        spans.person_key,
        spans.first_on,
        spans.until,
        facts.fact_hash,
        greatest(facts.valid_from, spans.first_on) as told_from,
        least(facts.valid_to, spans.until) as told_to
    from spans
    inner join {{ ref('int_person_fact') }} as facts
        on
            spans.person_key = facts.person_key
            and facts.valid_from < spans.until
            and spans.first_on < facts.valid_to

),

facts as (

    select
        told.person_key,
        told.first_on,
        told.until,
        sum({{ row_hash('told', ['fact_hash', 'told_from', 'told_to']) }}) as facts_hash
    from told
    group by told.person_key, told.first_on, told.until

),

joined as (

    select
        settlements.settlement_id,
        settlements.benefit_year,
        settlements.settlement_hash,
        facts.facts_hash
    from settlements
    left join facts
        on
            settlements.person_key = facts.person_key
            and settlements.first_on = facts.first_on
            and settlements.until = facts.until

)

select
    joined.settlement_id,
    joined.benefit_year,
    {{ row_hash('joined', ['settlement_hash', 'facts_hash']) }} as reading_hash
from joined
