-- The row that a correction is for is in quarantine all the same (rule A6): correct its other values too, or take the
-- correction away.
{{ config(severity='warn') }}

with

corrections as (

    select * from {{ ref('correction') }}

),

quarantined as (

    select * from {{ ref('quarantine') }}

)

select
    corrections.raw_table,
    corrections.record_key,
    corrections.column_name,
    quarantined.reasons
from corrections
inner join quarantined
    on
        corrections.raw_table = quarantined.raw_table
        and corrections.record_key = quarantined.record_key
        and corrections.source_file = quarantined.source_file
