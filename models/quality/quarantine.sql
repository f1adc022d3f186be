-- Every row that could not be used, whole and with its reasons (rule A6).
with

quarantined as (

    {% for raw_table, name in raw_tables().items() -%}
    select
        '{{ raw_table }}' as raw_table,
        row_id,
        record_key,
        reasons,
        raw_row,
        source_file
    from {{ ref('reject_' ~ name) }}
    where row_status = 'quarantined'
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- A row is known by its file and its content, equal rows of one file by their number: so a key is the same on every
-- engine, and in the next build of the same files.
numbered as (

    select
        *,
        md5(concat_ws('|', source_file, raw_row)) as content_hash,
        row_number() over (
            partition by raw_table, source_file, raw_row
            order by row_id
        ) as copy_no
    from quarantined

)

select
    {{ surrogate_key(['raw_table', 'content_hash', 'copy_no']) }} as quarantine_key,
    raw_table,
    record_key,
    reasons,
    raw_row,
    source_file
from numbered
