-- Every delivered row of setl_d, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('setl_d') }}") }}

{{ typed_rows('setl_d') }}
