{#- What DuckDB says in its own way. One macro a difference, named for what it does; a second engine adds a dispatch
    beside each (see docs/decisions.md). -#}

{#- A plain cast that gives NULL where it cannot be done. -#}
{%- macro try_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro -%}

{#- The whole text has the form of the pattern. -#}
{%- macro matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro -%}

{#- A row as JSON text. -#}
{%- macro row_as_json(row) -%}
    cast(to_json({{ row }}) as varchar)
{%- endmacro -%}

{#- A 64-bit hash of some columns of a row. -#}
{%- macro row_hash(row, columns) -%}
    hash({% for column in columns %}{{ row }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro -%}

{#- Keyed hash of a person number (rule J3): 128 bits in hexadecimal. The key is set on the connection, never in SQL. -#}
{%- macro person_key(person_number) -%}
    left(sha256(concat(getvariable('person_key'), ':', {{ person_number }})), 32)
{%- endmacro -%}

{%- macro add_days(date, days) -%}
    cast({{ date }} + cast({{ days }} as integer) as date)
{%- endmacro -%}

{%- macro sql_text(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro -%}

{%- macro list_files_sql(folder) -%}
    select file from glob({{ sql_text(literal_path(folder) ~ '/**') }}) order by file
{%- endmacro -%}

{#- A path without a meaning for the characters of file patterns. -#}
{%- macro literal_path(path) -%}
    {{- path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') -}}
{%- endmacro -%}

{%- macro file_list(paths) -%}
    [{%- for path in paths -%}{{ sql_text(literal_path(path)) }}{{ ', ' if not loop.last }}{%- endfor -%}]
{%- endmacro -%}

{#- Files of one kind as one set of rows, columns matched by name. Adds the file of each row as source_path, a path
    inside the raw folder, and its place in the files as source_row. -#}
{%- macro read_files_sql(kind, paths) -%}
    {%- if kind == 'parquet' -%}
        select
            * replace ({{ relative_path('source_path') }} as source_path),
            cast(file_index * 10000000000 + file_row_number as bigint) as source_row
        from read_parquet({{ file_list(paths) }}, union_by_name = true, filename = 'source_path',
            hive_partitioning = false)
    {%- else -%}
        select
            * replace ({{ relative_path('source_path') }} as source_path),
            cast(row_number() over () as bigint) as source_row
        from read_csv({{ file_list(paths) }}, union_by_name = true, filename = 'source_path',
            hive_partitioning = false, all_varchar = true, header = true, delim = ',', quote = '"', escape = '"',
            strict_mode = true, comment = '', max_line_size = 20000000)
    {%- endif -%}
{%- endmacro -%}

{#- Where the rows of CSV files are held: Parquet is read where it lies, CSV is parsed once. -#}
{%- macro csv_rows(table_name) -%}
    {{ target.database }}.staging.csv_{{ table_name }}
{%- endmacro -%}

{#- Run before a base model: parses the table's CSV files, if there are any, into csv_rows. -#}
{%- macro hold_csv_rows(table_name) -%}
    {%- if execute -%}
        {%- set paths = raw_files(table_name)['csv'] -%}
        {%- if paths -%}
            create or replace table {{ csv_rows(table_name) }} as {{ read_files_sql('csv', paths) }}
        {%- else -%}
            drop table if exists {{ csv_rows(table_name) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{#- The files of one kind, those with the same columns and types together: [[path, ...], ...]. Typed files are then read
    as they are, and only the others through text. -#}
{%- macro files_of_one_form(kind, paths) -%}
    {%- if kind == 'csv' -%}
        {{- return([paths]) -}}
    {%- endif -%}
    {%- set forms = {} -%}
    {%- for row in run_query(
        "select form, string_agg(file_name, chr(10) order by file_name) from (select file_name,"
        ~ " string_agg(concat_ws(' ', lower(name), type, converted_type, cast(logical_type as varchar)), ',' order by name)"
        ~ ' as form from parquet_schema(' ~ file_list(paths) ~ ') group by file_name) group by form order by 2'
    ) -%}
        {%- do forms.update({row[0]: row[1].split('\n')}) -%}
    {%- endfor -%}
    {{- return(forms.values() | list) -}}
{%- endmacro -%}

{#- Column names of each file, lower case: {path: [name, ...]}. Parquet files are of one form. -#}
{%- macro raw_column_names(kind, paths) -%}
    {%- set names = {} -%}
    {%- for path in (paths[:1] if kind == 'parquet' else paths) -%}
        {%- do names.update({path: []}) -%}
        {%- for row in run_query('describe ' ~ read_files_sql(kind, [path])) -%}
            {%- do names[path].append(row[0] | lower) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(names) -}}
{%- endmacro -%}

{#- The file of a row as a path inside the raw folder. -#}
{%- macro relative_path(column) -%}
    substr({{ column }}, length({{ sql_text(raw_directory()) }}) + 2)
{%- endmacro -%}
