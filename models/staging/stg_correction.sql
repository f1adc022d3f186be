-- The corrections that hold; the build stops at one that does not.
{{ assert_corrections_hold(ref('correction_verdict')) }}

select
    raw_table,
    record_key,
    column_name,
    expected,
    corrected,
    reason,
    corrected_by,
    corrected_at,
    delivered_rows,
    corrected_rows,
    source_file
from {{ ref('correction_verdict') }}
where problem is null
