-- Corrections of delivered values, each with what it did.
select
    raw_table,
    record_key,
    column_name,
    expected,
    corrected,
    reason,
    corrected_by,
    corrected_at,
    cast(delivered_rows as bigint) as delivered_rows,
    cast(corrected_rows as bigint) as corrected_rows,
    source_file
from {{ ref('stg_correction') }}
