{#- Keeps the SQL of the scenario models and of their tests in the file beside what came out of it, so that
    `dabing whatif` can run the same SQL over other overrides without a project at hand. DuckDB only: a cluster has
    no file to hand on; the one filled from a cluster gets them from dabing/run.py. -#}
{%- macro keep_scenario_sql(results) -%}
    {{- return(adapter.dispatch('keep_scenario_sql', 'dabing')(results)) -}}
{%- endmacro -%}


{%- macro default__keep_scenario_sql(results) -%}{%- endmacro -%}


{%- macro duckdb__keep_scenario_sql(results) -%}
    {%- set steps = [] -%}
    {%- for result in results -%}
        {%- set node = result.node -%}
        {%- set tested = graph.nodes.get(node.attached_node, {}) if node.attached_node is defined else {} -%}
        {%- if result.status in ('success', 'pass', 'fail', 'warn') and node.resource_type in ('model', 'test')
            and ('scenario' in node.tags or 'scenario' in tested.get('tags', [])) -%}
            {%- do steps.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if steps -%}
        {%- do make_scenario_step_table() -%}
        {%- for node in steps -%}
            {%- do run_query(scenario_step_sql(node)) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}


{#- Also an operation: a file that is filled from a cluster gets its steps from dabing/run.py. -#}
{%- macro make_scenario_step_table() -%}
    {%- do run_query('create schema if not exists policy') -%}
    {%- do run_query(scenario_step_table_sql()) -%}
{%- endmacro -%}


{%- macro scenario_step_table_sql() -%}
    create table if not exists policy.int_scenario_step (
        step_name varchar primary key,
        step_kind varchar not null,
        schema_name varchar not null,
        step_sql varchar not null,
        depends_on varchar not null
    );
    comment on table policy.int_scenario_step is
        'SQL of the scenario models and of their tests, as this file was built with it. Grain: one row per model or test.';
    comment on column policy.int_scenario_step.step_name is 'Name of the model or test.';
    comment on column policy.int_scenario_step.step_kind is 'model or test.';
    comment on column policy.int_scenario_step.schema_name is 'Schema of the table that a model makes.';
    comment on column policy.int_scenario_step.step_sql is 'The query, compiled.';
    comment on column policy.int_scenario_step.depends_on is 'Names of what it reads, joined by commas.';
{%- endmacro -%}


{%- macro scenario_step_sql(node) -%}
    {%- set parents = [] -%}
    {%- for parent in node.depends_on.nodes -%}
        {%- do parents.append(parent.split('.')[2]) -%}
    {%- endfor -%}
    insert or replace into policy.int_scenario_step values (
        {{ sql_text(node.name) }}, {{ sql_text(node.resource_type | string) }}, {{ sql_text(node.schema) }},
        {{ sql_text(node.compiled_code) }}, {{ sql_text(parents | join(',')) }}
    )
{%- endmacro -%}
