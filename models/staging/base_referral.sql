-- Every delivered row of refl_appy_evt_c, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('refl_appy_evt_c') }}") }}

{{ typed_rows('refl_appy_evt_c') }}
