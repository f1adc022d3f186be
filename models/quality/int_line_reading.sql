-- A fingerprint of the fee lines of a settlement in each raw file that holds some.
{{ config(
    materialized=grown_table(),
    enabled=can_keep_years(),
    pre_hook="{{ keep_untouched('fee_list_d', ref('stg_touched_line'), 'settlement_id') }}",
) }}
{%- set touched = ref('stg_touched_line') %}
with

hashed as (

    select
        delivered.settlement_id,
        delivered.source_file,
        {{ whole_row_hash('delivered', but='source_file') }} as line_hash
    from {{ ref('stg_fee_line') }} as delivered
    {%- if new_files('fee_list_d') is not none %}
    where
        delivered.settlement_id in (select touched.settlement_id from {{ touched }} as touched)
        and {{ is_in_touched_files('fee_list_d', touched) }}
    {%- endif %}

)

-- Hashed once more, so that two lines that only exchange a value are others. Of all files of a settlement the
-- fingerprint is the bit_xor, however its lines lie in them (dabing/years.py).
select
    hashed.settlement_id,
    hashed.source_file,
    bit_xor({{ row_hash('hashed', ['line_hash']) }}) as lines_hash
from hashed
group by hashed.settlement_id, hashed.source_file
