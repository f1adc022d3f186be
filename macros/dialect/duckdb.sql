{#- How DuckDB says what dispatch.sql names. -#}

{%- macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro -%}

{%- macro duckdb__as_text(expression, type) -%}
    {%- if type == 'TIMESTAMP WITH TIME ZONE' -%}
    cast(cast({{ expression }} as timestamp) as varchar)
    {%- else -%}
    cast({{ expression }} as varchar)
    {%- endif -%}
{%- endmacro -%}

{%- macro duckdb__trimmed(text) -%}
    trim({{ text }}, concat(' ', chr(9), chr(10), chr(13), chr(160), chr(12288)))
{%- endmacro -%}

{%- macro duckdb__columns_as_json(columns) -%}
    cast(json_object(
        {%- for column in columns %}
            '{{ column.name | replace("'", "''") }}', {{ as_text(column.sql, column.type) }}{{ ',' if not loop.last }}
        {%- endfor %}
        ) as varchar)
{%- endmacro -%}

{%- macro duckdb__row_hash(row, columns) -%}
    hash({% for column in columns %}{{ row }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro -%}

{%- macro duckdb__whole_row_hash(row, but) -%}
    hash(*columns({{ row }}.* exclude ({{ but }})))
{%- endmacro -%}

{#- Both of one type: a remainder of 128 bits takes twice the time. -#}
{%- macro duckdb__is_one_in(count, row, columns) -%}
    {{ row_hash(row, columns) }} % cast({{ count }} as ubigint) = 0
{%- endmacro -%}

{%- macro duckdb__person_key(person_number) -%}
    left(sha256(getvariable('person_key') || ':' || {{ person_number }}), 32)
{%- endmacro -%}

{#- A number of 128 bits, where a text of 32 letters is a place in memory and what stands there. -#}
{%- macro duckdb__packed_key(key) -%}
    cast({{ key }} as uuid)
{%- endmacro -%}

{%- macro duckdb__add_days(date, days) -%}
    cast({{ date }} + cast({{ days }} as integer) as date)
{%- endmacro -%}

{%- macro duckdb__add_months(date, months) -%}
    cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro -%}

{%- macro duckdb__days_between(first, last) -%}
    cast(cast({{ last }} as date) - cast({{ first }} as date) as integer)
{%- endmacro -%}

{%- macro duckdb__whole_quotient(dividend, divisor) -%}
    (cast({{ dividend }} as hugeint) // cast({{ divisor }} as hugeint))
{%- endmacro -%}

{%- macro duckdb__running_total(values, step, partition_by, order_by) -%}
    list_reduce(
            list(struct_pack(
                total := cast(0 as decimal(18, 2)),
                {%- for name, value in values.items() %}
                {{ name }} := cast({{ value[0] }} as {{ value[1] }}){{ ',' if not loop.last }}
                {%- endfor %}
            )) over (
                partition by {{ partition_by | join(', ') }}
                order by {{ order_by | join(', ') }}
                rows between unbounded preceding and current row
            ),
            lambda so_far, this_step: struct_pack(
                total := cast(so_far.total + {{ step }} as decimal(18, 2)),
                {%- for name in values %}
                {{ name }} := this_step.{{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            ),
            struct_pack(
                total := cast(0 as decimal(18, 2)),
                {%- for name, value in values.items() %}
                {{ name }} := cast(null as {{ value[1] }}){{ ',' if not loop.last }}
                {%- endfor %}
            )
        ).total
{%- endmacro -%}

{%- macro duckdb__quoted_name(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro -%}

{%- macro duckdb__sql_text(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro -%}

{%- macro duckdb__kept_table() -%}
    {{- return('incremental') -}}
{%- endmacro -%}

{%- macro duckdb__can_keep_years() -%}
    {{- return(true) -}}
{%- endmacro -%}

{%- macro duckdb__files_below(folder) -%}
    {%- set query = 'select file from glob(' ~ sql_text(_literal_path(folder) ~ '/**') ~ ') order by file' -%}
    {{- return(run_query(query).columns[0].values() | list) -}}
{%- endmacro -%}

{%- macro duckdb__raw_parts(table_name, files) -%}
    {%- set parts = [] -%}
    {%- for kind in ['parquet', 'csv'] if files[kind] -%}
        {%- for paths in _files_of_one_form(kind, files[kind]) -%}
            {%- set types = {} -%}
            {%- set described = run_query('describe ' ~ _read_files_sql(kind, paths)) -%}
            {%- for row in described if row[0] not in ('dabing_path', 'dabing_row') -%}
                {%- do types.update({row[0] | lower: row[1] | upper}) -%}
            {%- endfor -%}
            {%- set names = {} -%}
            {#- Parquet files are of one form already; each CSV file has a header of its own. -#}
            {%- if kind == 'parquet' -%}
                {%- do names.update({paths[0]: types.keys() | list}) -%}
            {%- endif -%}
            {%- for path in paths if kind == 'csv' -%}
                {%- set described = run_query('describe ' ~ _read_files_sql(kind, [path])) -%}
                {%- do names.update({path: described.columns[0].values() | map('lower') | list}) -%}
            {%- endfor -%}
            {%- do parts.append({'kind': kind, 'paths': paths, 'types': types, 'names': names}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(parts) -}}
{%- endmacro -%}

{%- macro duckdb__read_part(table_name, part) -%}
    {%- if part.kind == 'csv' -%}
        select * from {{ csv_rows(table_name) }}
    {%- else -%}
        {{ _read_files_sql('parquet', part.paths) }}
    {%- endif -%}
{%- endmacro -%}

{#- DuckDB reads Parquet faster than it writes it. -#}
{%- macro duckdb__typed_once() -%}
    {{- return('view') -}}
{%- endmacro -%}

{%- macro duckdb__each_day(first, last) -%}
    select
        cast(unnest(generate_series(
            cast('{{ first }}' as date), cast('{{ last }}' as date), interval 1 day
        )) as date) as date_day
{%- endmacro -%}

{#- The rows of CSV files stand after all others, whatever comes in Parquet files. -#}
{%- macro duckdb__row_number_of(part_no, kind) -%}
    {{ 9000 if kind == 'csv' else part_no }} * 1000000000000000 + dabing_row
{%- endmacro -%}

{%- macro duckdb__hold_csv_rows(table_name) -%}
    {%- set paths = raw_files(table_name)['csv'] -%}
    {%- set held = csv_rows(table_name) -%}
    {%- set added = _added_csv_files(table_name, paths, held) -%}
    {%- if not paths -%}
        drop table if exists {{ held }}
    {%- elif added is none -%}
        create or replace table {{ held }} as {{ _read_files_sql('csv', paths) }}
    {%- elif added -%}
        insert into {{ held }} by name
        select * replace (dabing_row + (select coalesce(max(dabing_row), 0) from {{ held }}) as dabing_row)
        from ({{ _read_files_sql('csv', added) }})
    {%- endif -%}
{%- endmacro -%}

{#- The CSV files whose rows are not held yet; none where they cannot be added to those that are. A column that these do
    not have changes how all rows are read. -#}
{%- macro _added_csv_files(table_name, paths, held) -%}
    {%- set names = new_files(table_name) -%}
    {%- if names is none or not load_relation(held) -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set added = [] -%}
    {%- for path in paths if path[(raw_directory() | length) + 1:] in names -%}
        {%- do added.append(path) -%}
    {%- endfor -%}
    {%- if added -%}
        {%- set known = run_query('describe ' ~ held).columns[0].values() | map('lower') | list -%}
        {%- set read = run_query('describe ' ~ _read_files_sql('csv', added)).columns[0].values() | map('lower') -%}
        {%- if read | reject('in', known) | list -%}
            {%- do read_whole(table_name) -%}
            {{- return(none) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(added) -}}
{%- endmacro -%}

{#- Nothing to assert: what counts is set in profiles.yml on a connection that is ours alone. -#}
{%- macro duckdb__assert_engine() -%}
{%- endmacro -%}

{#- A table is replaced in one transaction and has no versions. -#}
{%- macro duckdb__drop_old_versions(results) -%}
{%- endmacro -%}


{#- A path without a meaning for the characters of file patterns. -#}
{%- macro _literal_path(path) -%}
    {{- path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') -}}
{%- endmacro -%}

{%- macro _file_list(paths) -%}
    [{%- for path in paths -%}{{ sql_text(_literal_path(path)) }}{{ ', ' if not loop.last }}{%- endfor -%}]
{%- endmacro -%}

{#- Files of one kind as one set of rows, columns matched by name. -#}
{%- macro _read_files_sql(kind, paths) -%}
    {%- set inside_raw = 'substr(dabing_path, length(' ~ sql_text(raw_directory()) ~ ') + 2)' -%}
    {%- if kind == 'parquet' -%}
        select
            * replace ({{ inside_raw }} as dabing_path),
            cast(file_index * 10000000000 + file_row_number as bigint) as dabing_row
        from read_parquet({{ _file_list(paths) }}, union_by_name = true, filename = 'dabing_path',
            hive_partitioning = false)
    {%- else -%}
        select
            * replace ({{ inside_raw }} as dabing_path),
            cast(row_number() over () as bigint) as dabing_row
        from read_csv({{ _file_list(paths) }}, union_by_name = true, filename = 'dabing_path',
            hive_partitioning = false, all_varchar = true, header = true, delim = ',', quote = '"', escape = '"',
            strict_mode = true, comment = '', max_line_size = 20000000)
    {%- endif -%}
{%- endmacro -%}

{#- The files of one kind, those with the same columns and types together: [[path, ...], ...]. -#}
{%- macro _files_of_one_form(kind, paths) -%}
    {%- if kind == 'csv' -%}
        {{- return([paths]) -}}
    {%- endif -%}
    {%- set forms = {} -%}
    {%- for row in run_query(
        "select form, string_agg(file_name, chr(10) order by file_name) from (select file_name,"
        ~ " string_agg(concat_ws(' ', lower(name), type, converted_type, cast(logical_type as varchar)), ','"
        ~ ' order by name)'
        ~ ' as form from parquet_schema(' ~ _file_list(paths) ~ ') group by file_name) group by form order by 2'
    ) -%}
        {%- do forms.update({row[0]: row[1].split('\n')}) -%}
    {%- endfor -%}
    {{- return(forms.values() | list) -}}
{%- endmacro -%}
