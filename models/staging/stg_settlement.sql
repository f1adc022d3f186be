-- One row per usable settlement or reversal, under project names (rules A1 to A3, A6).
{{ config(materialized='view') }}

{{ usable_settlements() }}
