-- Every delivered row of psn_info_b, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('psn_info_b') }}") }}

{{ typed_rows('psn_info_b') }}
