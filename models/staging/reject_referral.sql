-- Rows of refl_appy_evt_c that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('refl_appy_evt_c', ref('base_referral')) }}") }}

{{ rejects('refl_appy_evt_c', ref('base_referral'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.evtsn is null'},
    {'code': 'Q02 missing_person', 'when': 'delivered.psn_no is null'},
    bad_value_reason(),
]) }}
