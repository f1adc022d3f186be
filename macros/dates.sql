{#- Arithmetic of days in whole months and years: one macro a question, the engine's own word behind a dispatch. -#}

{#- The day that is so many months later: the same day of the month, or the last one where that month is shorter
    (31 August and six months is 28 February, in a leap year the 29th). -#}
{%- macro add_months(date, months) -%}
    {{- return(adapter.dispatch('add_months', 'dabing')(date, months)) -}}
{%- endmacro -%}

{%- macro default__add_months(date, months) -%}
    cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro -%}

{%- macro spark__add_months(date, months) -%}
    add_months({{ date }}, cast({{ months }} as integer))
{%- endmacro -%}

{#- The first of January of a year. -#}
{%- macro year_start(year) -%}
    cast(concat(cast({{ year }} as {{ dbt.type_string() }}), '-01-01') as date)
{%- endmacro -%}

{#- The calendar year of a day. -#}
{%- macro year_of(date) -%}
    cast(extract(year from {{ date }}) as integer)
{%- endmacro -%}
