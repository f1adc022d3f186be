-- Rows of fixmedins_b that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('fixmedins_b', ref('base_institution')) }}") }}

{{ rejects('fixmedins_b', ref('base_institution'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.fixmedins_code is null'},
    bad_value_reason(),
]) }}
