{#- A ratio for display, NULL where there is nothing to divide by. Never for money: decimals divide as floats. -#}
{%- macro ratio(numerator, denominator, scale=4) -%}
    cast(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0) as decimal(18, {{ scale }}))
{%- endmacro -%}
