-- Every row that could not be used, whole and with its reasons (rule A6).
{% for raw_table, name in raw_tables().items() -%}
select
    {{ surrogate_key(["'" ~ raw_table ~ "'", 'row_id']) }} as quarantine_key,
    '{{ raw_table }}' as raw_table,
    record_key,
    reasons,
    raw_row,
    source_file
from {{ ref('reject_' ~ name) }}
where row_status = 'quarantined'
{{ 'union all' if not loop.last }}
{% endfor -%}
