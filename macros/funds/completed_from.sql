{#- The product of the shares from one month of development to the last, rounded to six places at each step from the
    last one on: windows cannot multiply. A month without a share adds nothing. -#}
{%- macro completed_from(month, last) -%}
    {%- if month > last -%}
        cast('1' as decimal(18, 6))
    {%- else -%}
        cast(coalesce(share_{{ month }}, 1) * {{ completed_from(month + 1, last) }} as decimal(18, 6))
    {%- endif -%}
{%- endmacro -%}
