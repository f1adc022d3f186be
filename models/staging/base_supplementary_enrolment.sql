-- Every delivered row of supp_enrl_d, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('supp_enrl_d') }}") }}

{{ typed_rows('supp_enrl_d') }}
