{#- One text key of several columns: parts are told apart by a separator and NULL from blank. -#}
{%- macro surrogate_key(columns) -%}
    concat_ws('|',
        {%- for column in columns %} coalesce(cast({{ column }} as {{ dbt.type_string() }}), '~'){{ ',' if not loop.last }}
        {%- endfor %})
{%- endmacro -%}
