-- Rows of supp_enrl_d that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('supp_enrl_d', ref('base_supplementary_enrolment')) }}") }}

{{ rejects('supp_enrl_d', ref('base_supplementary_enrolment'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.enrl_id is null'},
    {'code': 'Q02 missing_person', 'when': 'delivered.psn_no is null'},
    bad_value_reason(),
]) }}
