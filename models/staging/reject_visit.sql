-- Rows of mdtrt_d that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('mdtrt_d', ref('base_visit')) }}") }}

{{ rejects('mdtrt_d', ref('base_visit'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.mdtrt_id is null'},
    bad_value_reason(),
]) }}
