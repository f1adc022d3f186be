{#- How a table is put in place on Spark. The stock way drops the old table and then creates the new one: readers
    lose it at every run, and a driver that is killed in between leaves a place that a retry refuses. Here rows are
    written to a new table, a version, and a view under the table's name is swung over it: readers see the old rows
    or the new ones, and a retry starts a version of its own. The version before stays for the queries that are
    still reading it, older ones go. -#}

{%- macro version_schema() -%}
    table_version
{%- endmacro -%}


{#- Writes the rows of a query to a new version and returns it. -#}
{%- macro write_version(relation, query, partition_by=[]) -%}
    {%- set version = api.Relation.create(
        schema=version_schema(),
        identifier=relation.schema ~ '__' ~ relation.identifier ~ '__' ~ run_started_at.strftime('%Y%m%d%H%M%S')
            ~ '_' ~ invocation_id[:8],
        type='table'
    ) -%}
    {%- call statement('main') %}
        create table {{ version }}
        using parquet
        {%- if partition_by %}
        partitioned by ({{ partition_by | join(', ') }})
        {%- endif %}
        as
        {%- if partition_by %}
        select /*+ rebalance({{ partition_by | join(', ') }}) */ * from (
        {{ query }}
        )
        {%- else %}
        {{ query }}
        {%- endif %}
    {%- endcall -%}
    {{- return(version) -}}
{%- endmacro -%}


{#- Swings the view of a table over a version; `columns` are named as they are to be seen, each with its comment. -#}
{%- macro swing_view(relation, version, columns, comments={}, comment='') -%}
    {%- call statement('swing') %}
        create or replace view {{ relation }} (
            {%- for column in columns %}
            {%- set comment_of_it = ' comment ' ~ sql_text(comments[column]) if comments.get(column) else '' %}
            {{ quoted_name(column) }}{{ comment_of_it }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {{ 'comment ' ~ sql_text(comment) if comment }}
        as select
            {%- for column in columns %}
            {{ quoted_name(column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ version }}
    {%- endcall -%}
{%- endmacro -%}


{#- At the end of a run: of the tables that it made, all versions but the one that is seen and the one before go. A
    table that could not be made keeps all it has, for the one that readers see need not be among its last two. -#}
{%- macro drop_versions_before_the_last(results) -%}
    {%- set versions = {} -%}
    {%- for result in results
        if result.status == 'success' and result.node.resource_type in ('model', 'seed')
            and result.node.config.materialized != 'view' -%}
        {%- do versions.update({result.node.schema ~ '__' ~ result.node.alias: []}) -%}
    {%- endfor -%}
    {%- if versions -%}
        {%- for version in run_query('show tables in ' ~ version_schema()).columns[1].values() | sort -%}
            {#- <schema>__<table>__<time>_<run> -#}
            {%- set table = version.rsplit('__', 1)[0] -%}
            {%- if table in versions -%}
                {%- do versions[table].append(version) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for of_one_table in versions.values() -%}
            {%- for old in of_one_table[:-2] -%}
                {%- do run_query('drop table if exists ' ~ version_schema() ~ '.' ~ old) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}


{#- Comments of the model's columns: {name: text}. -#}
{%- macro _column_comments() -%}
    {%- set comments = {} -%}
    {%- for name, column in model.columns.items() if config.persist_column_docs() and column.description -%}
        {%- do comments.update({name: column.description}) -%}
    {%- endfor -%}
    {{- return(comments) -}}
{%- endmacro -%}


{%- macro _table_comment() -%}
    {{- return(model.description if config.persist_relation_docs() else '') -}}
{%- endmacro -%}


{#- What DuckDB refuses on writing, Spark's Parquet tables take: looked at before readers see the version. -#}
{%- macro _assert_constraints(version) -%}
    {%- set not_null = [] -%}
    {%- set keys = [] -%}
    {%- for name, column in model.columns.items() -%}
        {%- for constraint in column.constraints -%}
            {%- if constraint.type in ('not_null', 'primary_key') -%}{%- do not_null.append(name) -%}{%- endif -%}
            {%- if constraint.type in ('primary_key', 'unique') -%}{%- do keys.append([name]) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for constraint in model.constraints if constraint.type in ('primary_key', 'unique') -%}
        {%- do keys.append(constraint.columns) -%}
    {%- endfor -%}
    {%- set counts = [] -%}
    {%- for column in not_null | unique -%}
        {%- do counts.append("count(case when " ~ column ~ " is null then 1 end)") -%}
    {%- endfor -%}
    {%- for key in keys -%}
        {%- do counts.append('count(*) - count(distinct ' ~ key | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if counts -%}
        {%- set found = run_query('select ' ~ counts | join(', ') ~ ' from ' ~ version).rows[0] -%}
        {%- for what in (not_null | unique | list) + keys -%}
            {%- if found[loop.index0] -%}
                {%- do exceptions.raise_compiler_error(
                    model.name ~ ': constraint not met: '
                    ~ (what ~ ' is null' if what is string else 'key ' ~ what | join(', ') ~ ' is not unique')
                    ~ ' in ' ~ found[loop.index0] ~ ' rows. The table that readers see is as it was.'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}


{#- Columns of the folders that a large table is laid out in: meta layout_by of the model, where partitions are
    wanted. -#}
{%- macro _partition_columns() -%}
    {%- set is_wanted = env_var('DABING_SPARK_PARTITIONED', '0') == '1' -%}
    {{- return((config.meta_get('layout_by') or []) if is_wanted else []) -}}
{%- endmacro -%}


{% materialization table, adapter='spark' %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set former = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if config.get('contract').enforced -%}
        {%- do get_assert_columns_equivalent(sql) -%}
        {%- set version = write_version(this, sql, _partition_columns()) -%}
        {%- do _assert_constraints(version) -%}
        {%- set columns = model.columns.keys() | list -%}
    {%- else -%}
        {%- set version = write_version(this, sql, _partition_columns()) -%}
        {#- Asked of the table and not of the query, which would be planned once more. -#}
        {%- set columns = query_columns('select * from ' ~ version) | map(attribute='name') | list -%}
    {%- endif -%}
    {%- if former and not former.is_view -%}
        {%- do adapter.drop_relation(former) -%}
    {%- endif -%}
    {%- do swing_view(relation, version, columns, _column_comments(), _table_comment()) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{#- A seed as one query of literals: the stock loader turns NULL into text on some connections and breaks on quotes. -#}
{% materialization seed, adapter='spark' %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set former = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
    {{ run_hooks(pre_hooks) }}
    {%- set rows = load_agate_table() -%}
    {%- set types = config.get('column_types', {}) -%}
    {%- set names = rows.column_names -%}
    {%- set query -%}
        select
            {%- for name in names %}
            {%- set type = types.get(name, adapter.convert_type(rows, loop.index0)) %}
            cast({{ name }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from values
            {%- for row in rows.rows %}
            (
            {%- for value in row -%}
                {{ 'null' if value is none else sql_text(value | string) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
            ){{ ',' if not loop.last }}
            {%- endfor %}
            as seed_rows ({{ names | join(', ') }})
    {%- endset -%}
    {%- set version = write_version(this, query) -%}
    {%- if former and not former.is_view -%}
        {%- do adapter.drop_relation(former) -%}
    {%- endif -%}
    {%- do swing_view(relation, version, names, _column_comments(), _table_comment()) -%}
    {{ run_hooks(post_hooks) }}
    {#- dbt shows the number of rows of a seed from here. -#}
    {%- do store_result('agate_table', response='OK', agate_table=rows) -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{#- Names and exact types of a query's columns: the thrift protocol itself does not tell the precision of a decimal. -#}
{%- macro query_columns(query) -%}
    {%- set columns = [] -%}
    {%- for row in run_query('describe query ' ~ query) -%}
        {%- do columns.append({'name': row[0] | lower, 'type': row[1]}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{%- endmacro -%}


{#- dbt asks for the columns of a view before it makes it, and would run the query without a row to see them. -#}
{% macro spark__get_columns_in_query(select_sql) %}
    {{ return(query_columns(select_sql) | map(attribute='name') | list) }}
{% endmacro %}


{#- The contract of a model, columns and types, held against its query. -#}
{% macro spark__get_assert_columns_equivalent(sql) %}
    {%- set found = {} -%}
    {%- for column in query_columns(sql) -%}
        {%- do found.update({column.name: column.type}) -%}
    {%- endfor -%}
    {%- set wanted = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- set type = column.data_type | lower | replace(' ', '') -%}
        {%- do wanted.update({name | lower: {
            'varchar': 'string', 'text': 'string', 'integer': 'int', 'timestamp': 'timestamp_ntz',
        }.get(type, type)}) -%}
    {%- endfor -%}
    {%- set differing = [] -%}
    {%- set none_of_it = 'has no such column' -%}
    {%- set names = (wanted.keys() | list) + (found.keys() | reject('in', wanted) | list) -%}
    {%- for name in names if wanted.get(name) != found.get(name) -%}
        {%- do differing.append(
            name ~ ': contract ' ~ wanted.get(name, none_of_it) ~ ', query ' ~ found.get(name, none_of_it)
        ) -%}
    {%- endfor -%}
    {%- if differing -%}
        {%- do exceptions.raise_compiler_error(model.name ~ ': the contract is not met. ' ~ differing | join('; ')) -%}
    {%- endif -%}
{% endmacro %}
