-- A fingerprint of the fee lines of a settlement.
{{ config(
    materialized=grown_table(),
    enabled=can_keep_years(),
    pre_hook="{{ keep_settlements('fee_list_d', added_settlements('fee_list_d', ref('base_fee_line'))) }}",
) }}
with

summed as (

    select
        lines.settlement_id,
        sum({{ whole_row_hash('lines') }}) as line_hashes
    from {{ ref('stg_fee_line') }} as lines
    {%- if new_files('fee_list_d') is not none %}
    where lines.settlement_id in ({{ added_settlements('fee_list_d', ref('base_fee_line')) }})
    {%- endif %}
    group by lines.settlement_id

)

select
    summed.settlement_id,
    {{ row_hash('summed', ['line_hashes']) }} as lines_hash
from summed
