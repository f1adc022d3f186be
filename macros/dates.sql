{#- Days of whole years; how the engines add days and months stands in macros/dialect. -#}

{#- The first of January of a year. -#}
{%- macro year_start(year) -%}
    cast(cast({{ year }} as {{ dbt.type_string() }}) || '-01-01' as date)
{%- endmacro -%}

{#- The calendar year of a day. -#}
{%- macro year_of(date) -%}
    cast(extract(year from {{ date }}) as integer)
{%- endmacro -%}

{#- The first day of the month of a day or a time. -#}
{%- macro month_start(moment) -%}
    {{ add_days('cast(' ~ moment ~ ' as date)', '1 - extract(day from ' ~ moment ~ ')') }}
{%- endmacro -%}
