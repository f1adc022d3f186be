-- Every correction of the operator as it was written down.
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('correction') }}") }}

{{ typed_rows('correction') }}
