{#- The comments of a table and its columns as one statement batch. The stock way asks the catalog twice for the columns of
    each table first, which costs more than the comments; a column that is described and not there is an error here too. -#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append(relation.type ~ ' ' ~ relation ~ ' is ' ~ sql_text(model.description)) -%}
    {%- endif -%}
    {%- for name, column in model.columns.items() if for_columns and config.persist_column_docs() -%}
        {%- if column.description -%}
            {%- do comments.append('column ' ~ relation ~ '.' ~ name ~ ' is ' ~ sql_text(column.description)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if comments -%}
        {%- do run_query('comment on ' ~ comments | join(';\ncomment on ')) -%}
    {%- endif -%}
{% endmacro %}
