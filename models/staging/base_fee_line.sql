-- Every delivered row of fee_list_d, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('fee_list_d') }}") }}

{{ typed_rows('fee_list_d') }}
