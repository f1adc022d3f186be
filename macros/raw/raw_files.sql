{#- Where the raw tables lie: one folder a table. -#}
{%- macro raw_directory() -%}
    {{- env_var('DABING_RAW', 'raw').rstrip('/') -}}
{%- endmacro -%}


{#- The files of a raw table: {'parquet': [path, ...], 'csv': [path, ...]}. Names of files and folders that begin
    with _ or . (markers, half-written files of other tools) are left alone. -#}
{%- macro raw_files(table_name) -%}
    {%- set folder = raw_directory() ~ '/' ~ table_name -%}
    {%- set found = {'parquet': [], 'csv': []} -%}
    {%- for path in files_below(folder) -%}
        {%- set inside = path[(folder | length) + 1:] -%}
        {%- set name = path.split('/')[-1] | lower -%}
        {%- if inside.startswith('_') or inside.startswith('.') or '/_' in inside or '/.' in inside -%}
        {%- elif name.endswith('.parquet') -%}
            {%- do found['parquet'].append(path) -%}
        {%- elif name.endswith('.csv') or name.endswith('.csv.gz') -%}
            {%- do found['csv'].append(path) -%}
        {%- else -%}
            {%- do exceptions.raise_compiler_error(
                path ~ ': neither Parquet nor CSV (.parquet, .csv, .csv.gz). Convert it or take it out of the folder.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro -%}


{#- The contract of a raw table as written beside its dbt source: name -> {type, required, aliases,
    code}. -#}
{%- macro raw_contract(table_name) -%}
    {%- set contract = {} -%}
    {#- There is no graph while a project is parsed, nor in a unit test: no columns then. -#}
    {%- for node in (graph.get('sources') or {}).values() if node.source_name == 'raw' and node.name == table_name -%}
        {%- for column in node.columns.values() -%}
            {%- do contract.update({column.name: {
                'type': column.data_type,
                'required': column.config.meta.get('required', false),
                'aliases': column.config.meta.get('aliases', []),
                'code': column.config.meta.get('code'),
            }}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(contract) -}}
{%- endmacro -%}


{#- Stops the build where a file lacks a column that may not be missing (raw-table contract, marked *). -#}
{%- macro assert_required_columns(table_name, contract, path, names) -%}
    {#- A delivered column of a name that reading uses on the way would be read in the place of another. -#}
    {%- for name in names if name not in ('dabing_path', 'dabing_row') -%}
        {%- if name.startswith('typed_') or name.startswith('dabing_') -%}
            {%- do exceptions.raise_compiler_error(
                path ~ ': a column is named ' ~ name ~ ', which reading needs for itself. Leave it out or rename it.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, column in contract.items() if column.required -%}
        {%- if name not in names and not (column.aliases | select('in', names) | list) -%}
            {%- do exceptions.raise_compiler_error(
                path ~ ": column '" ~ name ~ "' of table " ~ table_name ~ ' is missing'
                ~ (' (also accepted as ' ~ column.aliases | join(', ') ~ ')' if column.aliases else '')
                ~ '. Export the file again with it, or take the file out of the folder.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro -%}
