-- Every delivered row of fund_txn_d, typed and under its raw names; nothing is left out (rule A6).
{{ config(materialized=typed_once(), pre_hook="{{ hold_csv_rows('fund_txn_d') }}") }}

{{ typed_rows('fund_txn_d') }}
