-- Every delivered row of fixmedins_b, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('fixmedins_b') }}") }}

{{ typed_rows('fixmedins_b') }}
