-- Every delivered row of psn_insu_d, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('psn_insu_d') }}") }}

{{ typed_rows('psn_insu_d') }}
