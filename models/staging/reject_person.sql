-- Rows of psn_info_b that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('psn_info_b', ref('base_person')) }}") }}

{{ rejects('psn_info_b', ref('base_person'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.psn_no is null'},
    {'code': 'Q02 missing_person', 'when': 'delivered.psn_no is null'},
    bad_value_reason(),
]) }}
