{#- A run that has found nothing but new files beside those of the served release starts from the tables of that release
    (dabing/years.py). staging.new_file then has these files by raw table, and of each table whose other rows are read as
    they were a row without a file. -#}

{#- The new files of a raw table, as paths inside the raw folder; none where all of its rows are read anew. -#}
{%- macro new_files(raw_table) -%}
    {%- if execute and load_relation(_new_file_table()) -%}
        {%- set found = run_query(
            'select source_file from ' ~ _new_file_table() ~ ' where raw_table = ' ~ sql_text(raw_table) ~ ' order by 1'
        ) -%}
        {%- if found -%}
            {{- return(found.columns[0].values() | select | list) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(none) -}}
{%- endmacro -%}


{#- True of a delivered row that is read for the first time: of every one, unless the others are as they were. -#}
{%- macro is_new_row(raw_table, row) -%}
    {%- set files = new_files(raw_table) -%}
    {%- if files is none -%}
        true
    {%- else -%}
        {{ _is_from(row, files) }}
    {%- endif -%}
{%- endmacro -%}


{#- True of a delivered row that is added to those that are as they were; of none where all rows are read anew. -#}
{%- macro is_added_row(raw_table, row) -%}
    {{ is_new_row(raw_table, row) if new_files(raw_table) is not none else 'false' }}
{%- endmacro -%}


{#- All rows of a raw table are read anew by this run after all. -#}
{%- macro read_whole(raw_table) -%}
    {%- do run_query('delete from ' ~ _new_file_table() ~ ' where raw_table = ' ~ sql_text(raw_table)) -%}
{%- endmacro -%}


{#- Run before a table of delivered rows that is added to: those of the served release stand, under the places that they
    have among the files now (the last ten digits of row_id are the place in the file), or go where all is read anew. -#}
{%- macro keep_rows(raw_table, base) -%}
    {%- if execute and can_keep_years() and load_relation(this) -%}
        {%- set files = new_files(raw_table) -%}
        {%- if files is none -%}
    delete from {{ this }}
        {%- elif files -%}
            {%- set place = 'places.first_row + rejected.row_id % 10000000000' -%}
    update {{ this }} as rejected
    set row_id = {{ place }}
    from (
        select
            source_file,
            min(row_id) - min(row_id) % 10000000000 as first_row
        from {{ base }}
        group by source_file
    ) as places
    where rejected.source_file = places.source_file and rejected.row_id <> {{ place }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- `delivered` comes from a file of which some rows of a table come: then no other file is read. What stands for a table in
    a unit test has no schema. -#}
{%- macro is_in_files_of(table, condition='true') -%}
    {%- if execute and can_keep_years() and table.schema and load_relation(table) -%}
    {{ _is_from('delivered', _files_named_by('select source_file from ' ~ table ~ ' where ' ~ condition)) }}
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro -%}


{#- Run before a table is built that is held against that of the served release: this is kept until the end of the run. -#}
{%- macro keep_served() -%}
    {%- if execute and can_keep_years() and load_relation(_new_file_table()) and load_relation(this) -%}
    create or replace table {{ _served(this) }} as select * from {{ this }}
    {%- endif -%}
{%- endmacro -%}


{#- The table of a model as the served release has it; none in a full build, and where it was not built anew. What a hook
    has made dbt does not know of: the database is asked. -#}
{%- macro as_served(model) -%}
    {%- set served = _served(model) -%}
    {%- set query -%}
        select 1 from information_schema.tables
        where table_schema = {{ sql_text(served.schema) }} and table_name = {{ sql_text(served.identifier) }}
    {%- endset -%}
    {{- return(served if execute and can_keep_years() and run_query(query)) -}}
{%- endmacro -%}


{%- macro _served(model) -%}
    {{- return(table_named(model.schema, model.identifier ~ '__served')) -}}
{%- endmacro -%}


{%- macro _files_named_by(query) -%}
    {{- return(run_query('select distinct source_file from (' ~ query ~ ') order by 1').columns[0].values() | list) -}}
{%- endmacro -%}


{%- macro _is_from(row, files) -%}
    {%- set files = files | list -%}
    {%- if files -%}
    {{ row }}.source_file in ({% for file in files %}{{ sql_text(file) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro -%}


{#- `delivered` comes from a new file or from one that a query names: the others need not be read. -#}
{%- macro is_from_new_files_and(raw_table, query) -%}
    {{ _is_from('delivered', (new_files(raw_table) + _files_named_by(query)) | unique) }}
{%- endmacro -%}


{#- The files in which rows of some settlements lie, as a query: `known` is one of settlement_id and source_file. -#}
{%- macro files_of(settlements, known) -%}
    select known.source_file from ({{ known }}) as known where known.settlement_id in ({{ settlements }})
{%- endmacro -%}


{#- Every settlement that is used with its raw file, by the served release: for models from which the table is built,
    which cannot name it as theirs. -#}
{%- macro standing_settlements() -%}
    select settlement_id, source_file from {{ table_named('claims', 'int_settlement_year') }}
{%- endmacro -%}


{#- And reversals that do not fit their original. -#}
{%- macro known_settlements() -%}
    {{ standing_settlements() }}
    union all
    select setl_id as settlement_id, source_file from {{ table_named('staging', 'reversal_verdict') }}
{%- endmacro -%}


{#- The raw files that hold fee lines of a settlement that are used. -#}
{%- macro known_lines() -%}
    select settlement_id, source_file from {{ table_named('quality', 'int_line_reading') }}
{%- endmacro -%}


{#- A table of the build that is there before its model is built, if at all. -#}
{%- macro table_named(schema, name) -%}
    {{- return(api.Relation.create(database=target.database, schema=schema, identifier=name)) -}}
{%- endmacro -%}


{%- macro _new_file_table() -%}
    {{- return(table_named('staging', 'new_file')) -}}
{%- endmacro -%}
