{#- Every delivered row of a raw table under the contract's names and types (rules A1 to A7 start from here): text is
    checked for its form before it is cast, aliases are folded in, columns that no file has read as NULL or 0.
    Adds row_id (a number of the row's own), source_file, parse_errors (NULL where every value could be read) and raw_row
    (the row as delivered, as JSON of texts, kept where a value could not be read or a correction names it: rule A6). Columns of our own on the
    way are named dabing_ and typed_, so that no delivered column gets in between. -#}
{%- macro typed_rows(table_name) -%}
    {#- Names the source, so that the graph shows where the rows come from. -#}
    {%- set relation = source('raw', table_name) -%}
    {%- set corrections = ref('base_correction') if table_name != 'correction' -%}
    {%- if not execute -%}
        select 1 as not_compiled
    {%- else -%}
        {%- set contract = raw_contract(table_name) -%}
        {%- set files = raw_files(table_name) -%}
        {%- if table_name == 'setl_d' and not files['parquet'] and not files['csv'] -%}
            {%- do exceptions.raise_compiler_error(
                raw_directory() ~ '/setl_d: no Parquet or CSV file of settlements. Put the extract of setl_d there, or'
                ~ ' set DABING_RAW to the folder that has it.'
            ) -%}
        {%- endif -%}
        {%- set corrected = corrected_columns(table_name, contract) if corrections else [] -%}
        {%- set selects = [] -%}
        {%- for part in raw_parts(table_name, files) -%}
            {%- do selects.append(_typed_part(table_name, contract, part, loop.index0, corrected)) -%}
        {%- endfor -%}
        {{- selects | join('\n\nunion all\n\n') if selects else _no_rows(contract) -}}
    {%- endif -%}
{%- endmacro -%}


{%- macro _typed_part(table_name, contract, part, part_no, corrected) -%}
    {%- for path, names in part.names.items() -%}
        {%- do assert_required_columns(table_name, contract, path, names) -%}
    {%- endfor -%}
    {%- set types = part.types -%}

    {%- set columns = [] -%}
    {%- for name, column in contract.items() -%}
        {%- set raw = raw_expression(name, column.aliases, types) -%}
        {%- do columns.append({
            'name': name,
            'type': column.type,
            'raw': raw.sql,
            'raw_type': raw.type,
            'typed': typed_value(raw.sql, raw.type, column.type, column.required or name == 'init_setl_id', column.code),
            'may_fail': raw.type and not raw.type in safe_types(column.type),
        }) -%}
        {%- if name in corrected -%}
            {%- do columns[-1].update(_corrected_column(columns[-1], raw, column)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set may_fail = columns | selectattr('may_fail') | list -%}
    {%- set delivered_columns = [] -%}
    {%- for name, type in types.items() -%}
        {%- do delivered_columns.append({'name': name, 'sql': 'delivered.' ~ quoted_name(name), 'type': type}) -%}
    {%- endfor -%}

select
    {#- First: where rows are only counted DuckDB reads the first column, and this one costs nothing. #}
    {{ row_number_of(part_no, part.kind) }} as row_id,
    {%- for column in columns %}
    delivered.typed_{{ column.name }} as {{ column.name }},
    {%- endfor %}
    dabing_path as source_file,
    dabing_errors as parse_errors,
    case
        when dabing_errors is not null
        {%- for name in corrected %} or dabing_has_{{ name }}{% endfor %} then {{ columns_as_json(delivered_columns) }}
    end as raw_row
from (
    select
        delivered.*,
        {% if may_fail -%}
        nullif(concat_ws('; ',
            {%- for column in may_fail %}
            case
                when delivered.typed_{{ column.name }} is null and {{ has_text(column.raw) }}
                    then {{ sql_text(column.name ~ " '") }} || left({{ as_text(column.raw, column.raw_type) }}, 60)
                        || {{ sql_text("' is not " ~ type_in_words(column.type)) }}
            end {{- ',' if not loop.last }}
            {%- endfor %}
        ), '') as dabing_errors
        {%- else -%}
        cast(null as {{ dbt.type_string() }}) as dabing_errors
        {%- endif %}
    from (
        select
            delivered.*,
            {%- for column in columns %}
            {{ column.typed }} as typed_{{ column.name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            {{ with_corrections(table_name, contract, part, corrected) if corrected else read_part(table_name, part) }}
        ) as delivered
    ) as delivered
) as delivered
{%- endmacro -%}


{#- What of a column changes where corrections name it: the corrected value stands for the delivered one in the rows that
    hold what is expected; all others are typed as ever. -#}
{%- macro _corrected_column(column, raw, contract_column) -%}
    {%- set name, text = column.name, delivered_text(raw) -%}
    {%- set corrected = 'delivered.dabing_corrected_' ~ name -%}
    {%- set is_wrong -%}
        delivered.dabing_has_{{ name }} and {{ is_expected_value(
            text, column.typed, 'delivered.dabing_expected_' ~ name, contract_column
        ) }}
    {%- endset -%}
    {%- set typed = typed_value(corrected, 'VARCHAR', contract_column.type, true, contract_column.code) -%}
    {{- return({
        'raw': 'case when ' ~ is_wrong ~ ' then ' ~ corrected ~ ' else ' ~ text ~ ' end',
        'raw_type': 'VARCHAR',
        'typed': 'case when ' ~ is_wrong ~ ' then ' ~ typed ~ ' else ' ~ column.typed ~ ' end',
        'may_fail': column.may_fail or not 'VARCHAR' in safe_types(contract_column.type),
    }) -}}
{%- endmacro -%}


{#- A column and its other names as one expression over the delivered row, with its type ('' when no file has it). Where
    several are there the first that is not blank counts, the column's own name before the others. -#}
{%- macro raw_expression(name, aliases, types) -%}
    {%- set present = ([name] + aliases) | select('in', types) | list -%}
    {%- if not present -%}
        {{- return({'sql': 'null', 'type': ''}) -}}
    {%- elif present | length == 1 -%}
        {{- return({'sql': 'delivered.' ~ present[0], 'type': types[present[0]]}) -}}
    {%- endif -%}
    {%- set texts = [] -%}
    {%- for column in present -%}
        {%- set text = as_text('delivered.' ~ column, types[column]) -%}
        {%- do texts.append('nullif(' ~ trimmed(text) ~ ", '')" if types[column] == 'VARCHAR' else text) -%}
    {%- endfor -%}
    {{- return({'sql': 'coalesce(' ~ texts | join(', ') ~ ')', 'type': 'VARCHAR'}) -}}
{%- endmacro -%}


{%- macro _no_rows(contract) -%}
select
    cast(null as bigint) as row_id,
    {%- for name, column in contract.items() %}
    cast(null as {{ sql_type(column.type) }}) as {{ name }},
    {%- endfor %}
    cast(null as {{ dbt.type_string() }}) as source_file,
    cast(null as {{ dbt.type_string() }}) as parse_errors,
    cast(null as {{ dbt.type_string() }}) as raw_row
where false
{%- endmacro -%}
