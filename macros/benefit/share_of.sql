{#- A share of an amount, rounded half up to fen (rule B7). -#}
{%- macro share_of(amount, share) -%}
    cast(round(cast({{ amount }} as decimal(26, 2)) * {{ share }}, 2) as decimal(18, 2))
{%- endmacro -%}
