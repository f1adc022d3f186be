{#- How Spark, 3.5 or later, says what dispatch.sql names. Raw literals (r'...') because a backslash in a plain one
    is eaten. -#}

{%- macro spark__matches(text, pattern) -%}
    {{ text }} rlike r'\A(?:{{ pattern }})\z'
{%- endmacro -%}

{#- Floats are written as DuckDB writes them: plain from 0.0001 up to 10^16, else with a two-digit exponent. -#}
{%- macro spark__as_text(expression, type) -%}
    {%- if type in ('DOUBLE', 'FLOAT') -%}
    {%- set text = 'cast(' ~ expression ~ ' as string)' -%}
    case
        when isnan({{ expression }}) then 'nan'
        when {{ text }} like '%Infinity' then replace({{ text }}, 'Infinity', 'inf')
        when {{ expression }} = 0 then {{ text }}
        when abs({{ expression }}) >= 0.0001 and abs({{ expression }}) < 10000000000000000
            then regexp_replace(
                trim(trailing '0' from cast(cast({{ text }} as decimal(38, 21)) as string)), r'\.\z', '.0'
            )
        else concat(
            regexp_replace(split_part({{ text }}, 'E', 1), r'\.0\z', ''),
            'e', case when {{ text }} like '%E-%' then '-' else '+' end,
            regexp_replace(replace(split_part({{ text }}, 'E', 2), '-', ''), r'\A([0-9])\z', '0$1')
        )
    end
    {%- elif type == 'TIMESTAMP WITH TIME ZONE' -%}
    cast(cast({{ expression }} as timestamp_ntz) as string)
    {%- else -%}
    cast({{ expression }} as string)
    {%- endif -%}
{%- endmacro -%}

{%- macro spark__trimmed(text) -%}
    trim(both ' \t\n\r\u00a0\u3000' from {{ text }})
{%- endmacro -%}

{%- macro spark__columns_as_json(columns) -%}
    to_json(named_struct(
        {%- for column in columns %}
            {{ sql_text(column.name) }}, {{ as_text(column.sql, column.type) }}{{ ',' if not loop.last }}
        {%- endfor %}
        ), map('ignoreNullFields', 'false'))
{%- endmacro -%}

{%- macro spark__row_hash(row, columns) -%}
    xxhash64({% for column in columns %}{{ row }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro -%}

{%- macro spark__whole_row_hash(row, but) -%}
    xxhash64(struct({{ row }}.* except ({{ but }})))
{%- endmacro -%}

{%- macro spark__is_one_in(count, row, columns) -%}
    pmod({{ row_hash(row, columns) }}, cast({{ count }} as bigint)) = 0
{%- endmacro -%}

{#- A scalar subquery over the key's file: a plan, a view or a log shows the path, never the key. -#}
{%- macro spark__person_key(person_number) -%}
    left(sha2(
        (select max(trim(value)) from text.{{ quoted_name(spark_key_file()) }}) || ':' || {{ person_number }}, 256
    ), 32)
{%- endmacro -%}

{%- macro spark_key_file() -%}
    {{- env_var('DABING_KEY_FILE', 'warehouse/person_key') -}}
{%- endmacro -%}

{%- macro spark__packed_key(key) -%}
    {{ key }}
{%- endmacro -%}

{%- macro spark__add_days(date, days) -%}
    date_add({{ date }}, cast({{ days }} as int))
{%- endmacro -%}

{%- macro spark__add_months(date, months) -%}
    add_months({{ date }}, cast({{ months }} as int))
{%- endmacro -%}

{%- macro spark__days_between(first, last) -%}
    cast(datediff(cast({{ last }} as date), cast({{ first }} as date)) as int)
{%- endmacro -%}

{%- macro spark__whole_quotient(dividend, divisor) -%}
    (cast({{ dividend }} as decimal(38, 0)) div cast({{ divisor }} as decimal(38, 0)))
{%- endmacro -%}

{%- macro spark__running_total(values, step, partition_by, order_by) -%}
    aggregate(
            collect_list(named_struct(
                {%- for name, value in values.items() %}
                '{{ name }}', cast({{ value[0] }} as {{ value[1] }}){{ ',' if not loop.last }}
                {%- endfor %}
            )) over (
                partition by {{ partition_by | join(', ') }}
                order by {{ order_by | join(', ') }}
                rows between unbounded preceding and current row
            ),
            named_struct('total', cast(0 as decimal(18, 2))),
            (so_far, this_step) -> named_struct('total', cast(so_far.total + {{ step }} as decimal(18, 2)))
        ).total
{%- endmacro -%}

{%- macro spark__quoted_name(name) -%}
    `{{ name | replace('`', '``') }}`
{%- endmacro -%}

{%- macro spark__sql_text(value) -%}
    '{{ value | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro -%}

{#- A table of its own is swung as a whole; what must outlive a build is kept where it is served (docs/spark.md). -#}
{%- macro spark__kept_table() -%}
    {{- return('table') -}}
{%- endmacro -%}

{%- macro spark__can_keep_years() -%}
    {{- return(false) -}}
{%- endmacro -%}

{#- binaryFile lists what is there; only its path is read. The raw folder as a whole, because a missing folder of
    one table is no error. -#}
{%- macro spark__files_below(folder) -%}
    {%- if not (raw_directory().startswith('/') or '://' in raw_directory()) -%}
        {%- do exceptions.raise_compiler_error(
            "DABING_RAW is '" ~ raw_directory() ~ "': the cluster reads the raw tables, so give a full path or a URI"
            ~ ' that it knows.'
        ) -%}
    {%- endif -%}
    {%- do run_query(
        'create or replace temporary view raw_file_list using binaryFile options (path '
        ~ sql_text(_literal_glob(raw_directory())) ~ ", recursiveFileLookup 'true')"
    ) -%}
    {%- set below = sql_text(folder ~ '/') -%}
    {%- set found = run_query(
        'select substr(path, instr(path, ' ~ below ~ ')) as file from raw_file_list where instr(path, ' ~ below
        ~ ') > 0 order by file'
    ) -%}
    {{- return(found.columns[0].values() | list) -}}
{%- endmacro -%}

{%- macro spark__raw_parts(table_name, files) -%}
    {%- set forms = {} -%}
    {%- for path in files['parquet'] -%}
        {%- set types = _described('query select * from ' ~ _parquet([path])) -%}
        {%- set form = types.items() | map('join', ' ') | sort | join(',') -%}
        {%- set names = {path: types.keys() | list} -%}
        {%- do forms.setdefault(form, {'kind': 'parquet', 'paths': [], 'types': types, 'names': names}) -%}
        {%- do forms[form].paths.append(path) -%}
    {%- endfor -%}
    {%- do _assert_distinct_hashes(files['parquet']) -%}
    {%- set parts = forms.values() | list -%}
    {%- if files['csv'] -%}
        {%- set part = {'kind': 'csv', 'paths': files['csv'], 'types': {}, 'names': {}} -%}
        {%- for path in files['csv'] -%}
            {%- set types = _described(_csv_view(path)) -%}
            {%- do part.names.update({path: types.keys() | list}) -%}
            {%- do part.types.update(types) -%}
        {%- endfor -%}
        {%- do parts.append(part) -%}
    {%- endif -%}
    {{- return(parts) -}}
{%- endmacro -%}

{%- macro spark__read_part(table_name, part) -%}
    {%- if part.kind == 'csv' -%}
        select
            *,
            monotonically_increasing_id() as dabing_row
        from (
            {%- for path in part.paths %}
            select
                {%- for name in part.types %}
                {%- set quoted = quoted_name(name) %}
                {%- set is_there = name in part.names[path] %}
                {{ 'nullif(' ~ quoted ~ ", '')" if is_there else 'cast(null as string)' }} as {{ quoted }},
                {%- endfor %}
                {{ sql_text(path[(raw_directory() | length) + 1:]) }} as dabing_path
            from {{ _csv_view(path) }}
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        )
    {%- else -%}
        select
            *,
            {#- The path comes as a URI, in which a blank is %20; a plus is itself, and no blank. #}
            {%- set path = "url_decode(replace(_metadata.file_path, '+', '%2B'))" %}
            {%- set raw = sql_text(raw_directory() ~ '/') %}
            substr({{ path }}, instr({{ path }}, {{ raw }}) + length({{ raw }})) as dabing_path,
            _metadata.row_index as dabing_row
        from {{ _parquet(part.paths) }}
    {%- endif -%}
{%- endmacro -%}

{#- A view would be planned again, every form of file and every column of it, by each of its readers: that took
    minutes. -#}
{%- macro spark__typed_once() -%}
    {{- return('table') -}}
{%- endmacro -%}

{%- macro spark__each_day(first, last) -%}
    select explode(sequence(cast('{{ first }}' as date), cast('{{ last }}' as date))) as date_day
{%- endmacro -%}

{#- Parquet: 33 bits of the path's hash before 30 of the place in the file; _assert_distinct_hashes sees that no two
    paths of a table share theirs. CSV: below zero, so that the two never meet. -#}
{%- macro spark__row_number_of(part_no, kind) -%}
    {%- if kind == 'csv' -%}
        -1 - dabing_row
    {%- else -%}
        {{ _path_hash('dabing_path') }} * 1073741824 + dabing_row
    {%- endif -%}
{%- endmacro -%}

{#- Nothing to hold: the base model is a table and reads each CSV file once. -#}
{%- macro spark__hold_csv_rows(table_name) -%}
{%- endmacro -%}

{#- ANSI mode off would make overflows, bad casts and x/0 silent NULLs; the zone decides on which day something was
    settled; a timestamp is one without zone; a text that looks like a variable stays one. Also makes the schema for
    the versions of tables. -#}
{%- macro spark__assert_engine() -%}
    {%- set wanted = {
        'spark.sql.ansi.enabled': 'true',
        'spark.sql.session.timeZone': 'Asia/Shanghai',
        'spark.sql.timestampType': 'TIMESTAMP_NTZ',
        'spark.sql.variable.substitute': 'false',
    } -%}
    {%- for name, value in wanted.items() -%}
        {%- set found = run_query('set ' ~ name).rows[0][1] -%}
        {%- if found | lower != value | lower -%}
            {%- do exceptions.raise_compiler_error(
                name ~ ' is ' ~ found ~ ' on the thrift server, not ' ~ value ~ ': amounts or texts could be wrong'
                ~ " without a word. Set it in profiles.yml under server_side_parameters, with the prefix 'set:', and let"
                ~ ' nothing override it.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set key = run_query('select max(length(trim(value))) from text.' ~ quoted_name(spark_key_file())) -%}
    {%- if not key.rows[0][0] -%}
        {%- do exceptions.raise_compiler_error(
            spark_key_file() ~ ': the file for the key of the person hash is empty (docs/spark.md).'
        ) -%}
    {%- endif -%}
    create schema if not exists {{ version_schema() }}
{%- endmacro -%}


{%- macro spark__drop_old_versions(results) -%}
    {%- if execute -%}
        {%- do drop_versions_before_the_last(results) -%}
    {%- endif -%}
{%- endmacro -%}


{#- {column: type} of what `describe` is asked, names in lower case and types under DuckDB's names. -#}
{%- macro _described(what) -%}
    {%- set types = {} -%}
    {%- for row in run_query('describe ' ~ what) -%}
        {%- do types.update({row[0] | lower: {
            'string': 'VARCHAR', 'int': 'INTEGER', 'timestamp_ntz': 'TIMESTAMP',
            'timestamp': 'TIMESTAMP WITH TIME ZONE',
        }.get(row[1], row[1] | upper)}) -%}
    {%- endfor -%}
    {{- return(types) -}}
{%- endmacro -%}

{#- A path without a meaning for the characters of file patterns. -#}
{%- macro _literal_glob(path) -%}
    {%- set escaped = [] -%}
    {%- for character in path -%}
        {%- do escaped.append('\\' ~ character if character in '\\{}[]*?,' else character) -%}
    {%- endfor -%}
    {{- escaped | join -}}
{%- endmacro -%}

{#- Parquet files named one by one: a folder would bring its key=value names as columns, and files that were not
    looked at. -#}
{%- macro _parquet(paths) -%}
    {%- set inside = [] -%}
    {%- for path in paths -%}
        {%- do inside.append(_literal_glob(path[(raw_directory() | length) + 1:])) -%}
    {%- endfor -%}
    {%- set list = inside[0] if inside | length == 1 else '{' ~ inside | join(',') ~ '}' -%}
    parquet.{{ quoted_name(_literal_glob(raw_directory()) ~ '/' ~ list) }}
{%- endmacro -%}

{%- macro _path_hash(path) -%}
    (xxhash64({{ path }}) & 8589934591)
{%- endmacro -%}

{%- macro _assert_distinct_hashes(paths) -%}
    {%- if paths | length > 1 -%}
        {%- set inside = [] -%}
        {%- for path in paths -%}
            {%- do inside.append('(' ~ sql_text(path[(raw_directory() | length) + 1:]) ~ ')') -%}
        {%- endfor -%}
        {%- set same = run_query(
            'select max(path) from values ' ~ inside | join(', ') ~ ' as files (path) group by ' ~ _path_hash('path')
            ~ ' having count(*) > 1'
        ) -%}
        {%- if same.rows -%}
            {%- do exceptions.raise_compiler_error(
                same.rows[0][0] ~ ': its name has the hash of another file of the table. Rename it.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{#- A temporary view of a CSV file, all text; its name. multiLine: a quoted value may hold line ends, and a byte
    order mark is left out. -#}
{%- macro _csv_view(path) -%}
    {%- if _literal_glob(path) != path -%}
        {%- do exceptions.raise_compiler_error(
            path ~ ': Spark reads one of these characters in the name of a CSV file as a pattern: \\ { } [ ] * ? and'
            ~ ' comma. Rename the file or its folder.'
        ) -%}
    {%- endif -%}
    {%- set view = 'csv_' ~ local_md5(path) -%}
    {%- do run_query(
        'create or replace temporary view ' ~ view ~ ' using csv options (path ' ~ sql_text(_literal_glob(path))
        ~ ", header 'true', multiLine 'true', sep ',', quote '\"', escape '\"', comment '', mode 'FAILFAST',"
        ~ " encoding 'UTF-8')"
    ) -%}
    {{- return(view) -}}
{%- endmacro -%}
