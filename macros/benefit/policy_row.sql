{#- How sure a policy row is, as a number, so that the weakest of several is their maximum. -#}
{%- macro status_rank(status) -%}
    case {{ status }} when 'enacted' then 1 when 'reference' then 2 else 3 end
{%- endmacro -%}

{%- macro status_name(rank) -%}
    case {{ rank }} when 1 then 'enacted' when 2 then 'reference' else 'illustrative' end
{%- endmacro -%}

{#- The row of a dated seed is in force on the date: half-open, an open end is NULL (rule D5). -#}
{%- macro is_in_force(seed, date) -%}
    ({{ seed }}.effective_from <= {{ date }} and ({{ seed }}.effective_to is null or {{ date }} < {{ seed }}.effective_to))
{%- endmacro -%}

{#- The compiled row is valid on the date: half-open, an open end is NULL. -#}
{%- macro is_valid_on(term, date) -%}
    ({{ term }}.valid_from <= {{ date }} and ({{ term }}.valid_to is null or {{ date }} < {{ term }}.valid_to))
{%- endmacro -%}
