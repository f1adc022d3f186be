{#- Corrections of the operator: a value of a delivered row, named by raw table, key and column, that is known to be wrong.
    They take its place before it is typed and judged, so that a row in quarantine can be healed; the row as delivered is
    kept beside it. Without a file of corrections every base model is the SQL that it would be without this file. -#}

{#- The columns of a raw table that corrections name. -#}
{%- macro corrected_columns(table_name, contract) -%}
    {%- set files = raw_files('correction') -%}
    {%- set columns = [] -%}
    {%- if files['parquet'] or files['csv'] -%}
        {%- set relation = load_relation(ref('base_correction')) -%}
        {%- if relation -%}
            {%- set query = 'select distinct column_name from ' ~ relation ~ ' where raw_table = ' ~ sql_text(table_name)
                ~ ' and column_name is not null order by column_name' -%}
            {%- for name in run_query(query).columns[0].values() if name in contract -%}
                {%- do columns.append(name) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {{- return(columns) -}}
{%- endmacro -%}


{#- The key of a delivered row as quarantine and load audit name it. -#}
{%- macro delivered_key(table_name, contract, types) -%}
    concat_ws('|', {% for name in raw_keys()[table_name] -%}
        {%- set column = contract[name] -%}
        {%- set raw = raw_expression(name, column.aliases, types) -%}
        {{ typed_value(raw.sql, raw.type, column.type, true, column.code) }} {{- ', ' if not loop.last }}
    {%- endfor %})
{%- endmacro -%}


{#- The delivered rows of a part, each with what corrections say of its columns: dabing_has_<column>,
    dabing_expected_<column>, dabing_corrected_<column>. -#}
{%- macro with_corrections(table_name, contract, part, columns) -%}
    select
        delivered.*,
        {%- for name in columns %}
        coalesce(corrections.has_{{ name }}, false) as dabing_has_{{ name }},
        corrections.expected_{{ name }} as dabing_expected_{{ name }},
        corrections.corrected_{{ name }} as dabing_corrected_{{ name }} {{- ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ read_part(table_name, part) }}
    ) as delivered
    left join (
        select
            record_key,
            {%- for name in columns %}
            bool_or(column_name = '{{ name }}') as has_{{ name }},
            max(case when column_name = '{{ name }}' then expected end) as expected_{{ name }},
            max(case when column_name = '{{ name }}' then corrected end) as corrected_{{ name }} {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ ref('base_correction') }}
        where raw_table = {{ sql_text(table_name) }}
        group by record_key
    ) as corrections
        on {{ delivered_key(table_name, contract, part.types) }} = corrections.record_key
{%- endmacro -%}


{#- A delivered value is the one that a correction expects: the same text, or another way to write the same value. -#}
{%- macro is_expected_value(raw_text, typed, expected, column) -%}
    (
        coalesce({{ trimmed(raw_text) }}, '') = coalesce({{ trimmed(expected) }}, '')
        or coalesce({{ typed }} = {{ typed_value(expected, 'VARCHAR', column.type, true, column.code) }}, false)
    )
{%- endmacro -%}


{#- A delivered value as text, also where no file has the column. -#}
{%- macro delivered_text(raw) -%}
    {%- if raw.type -%} {{ as_text(raw.sql, raw.type) }} {%- else -%} cast(null as {{ dbt.type_string() }}) {%- endif -%}
{%- endmacro -%}


{#- Every delivered row that a correction names, with the value found in it. -#}
{%- macro correction_matches() -%}
    {%- set corrections = ref('base_correction') -%}
    {#- The rows of CSV files are held by the base models. -#}
    {%- for name in raw_tables().values() -%}
        {%- do ref('base_' ~ name) -%}
    {%- endfor -%}
    {%- set selects = [] -%}
    {%- if execute -%}
        {%- for table_name in raw_tables() -%}
            {%- set contract = raw_contract(table_name) -%}
            {%- set columns = corrected_columns(table_name, contract) -%}
            {%- if columns -%}
                {%- for part in raw_parts(table_name, raw_files(table_name)) -%}
                    {%- do selects.append(_matches_of_part(table_name, contract, part, loop.index0, columns)) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if selects -%}
        {{- selects | join('\n\nunion all\n\n') -}}
    {%- else -%}
select
    {%- for name in ['raw_table', 'record_key', 'column_name', 'found', 'vali_flag', 'rid', 'source_file'] %}
    cast(null as {{ dbt.type_string() }}) as {{ name }},
    {%- endfor %}
    cast(null as timestamp) as updt_time,
    cast(null as bigint) as row_id,
    cast(null as boolean) as is_expected
from {{ corrections }}
where false
    {%- endif -%}
{%- endmacro -%}


{%- macro _matches_of_part(table_name, contract, part, part_no, columns) -%}
    {%- set raws = {} -%}
    {%- for name in columns + ['vali_flag', 'rid', 'updt_time'] -%}
        {%- set raw = raw_expression(name, contract[name].aliases, part.types) -%}
        {%- do raws.update({name: {
            'text': delivered_text(raw),
            'typed': typed_value(raw.sql, raw.type, contract[name].type, true, contract[name].code),
        }}) -%}
    {%- endfor -%}
select
    corrections.raw_table,
    corrections.record_key,
    corrections.column_name,
    case corrections.column_name
        {%- for name in columns %}
        when '{{ name }}' then {{ raws[name].text }}
        {%- endfor %}
    end as found,
    {%- for name in ['vali_flag', 'rid'] %}
    {{ raws[name].typed }} as {{ name }},
    {%- endfor %}
    delivered.dabing_path as source_file,
    {{ raws['updt_time'].typed }} as updt_time,
    {{ row_number_of(part_no, part.kind) }} as row_id,
    case corrections.column_name
        {%- for name in columns %}
        when '{{ name }}'
            then {{ is_expected_value(raws[name].text, raws[name].typed, 'corrections.expected', contract[name]) }}
        {%- endfor %}
    end as is_expected
from (
    {{ read_part(table_name, part) }}
) as delivered
inner join {{ ref('base_correction') }} as corrections
    on
        corrections.raw_table = {{ sql_text(table_name) }}
        and {{ delivered_key(table_name, contract, part.types) }} = corrections.record_key
where corrections.column_name in ({% for name in columns %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro -%}


{#- The columns that can be corrected, as 'table.column'. -#}
{%- macro correctable_columns() -%}
    {%- set names = [] -%}
    {%- for table_name in raw_tables() -%}
        {%- for name in raw_contract(table_name) -%}
            {%- do names.append(sql_text(table_name ~ '.' ~ name)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(names) -}}
{%- endmacro -%}


{#- Stops the build where a correction cannot be applied, with a sentence for each. -#}
{%- macro assert_corrections_hold(verdicts) -%}
    {%- if execute and is_building() -%}
        {%- set files = raw_files('correction') -%}
        {%- if files['parquet'] or files['csv'] -%}
            {%- set query = 'select problem from ' ~ verdicts ~ ' where problem is not null order by problem' -%}
            {%- set problems = run_query(query).columns[0].values() | list -%}
            {%- if problems -%}
                {%- do exceptions.raise_compiler_error(
                    problems[:10] | join('\n')
                    ~ ('\n' ~ (problems | length - 10) ~ ' more corrections cannot be applied.' if problems | length > 10 else '')
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}
