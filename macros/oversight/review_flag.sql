{#- The review rule that is in force on a settlement's day, as `rules` (rule I9). -#}
{%- macro review_rule(rule_no, claim) -%}
    {{ ref('review_rule') }} as rules
    on
        rules.rule_no = '{{ rule_no }}'
        and {{ is_in_force('rules', claim ~ '.settled_on') }}
{%- endmacro -%}


{#- The columns in which every review rule says what it found; NULL or 1 where it has nothing to say. -#}
{%- macro review_finding(rule_no, columns) -%}
    '{{ rule_no }}' as rule_no,
    {%- for column, type in {
        'settlement_id': dbt.type_string(), 'finding_count': 'bigint', 'observed_value': 'decimal(18, 2)',
        'expected_value': 'decimal(18, 2)', 'related_settlement_id': dbt.type_string(),
        'item_code': dbt.type_string(), 'evidence': dbt.type_string(),
    }.items() %}
    cast({{ columns.get(column, 1 if column == 'finding_count' else 'null') }} as {{ type }}) as {{ column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro -%}


{#- A day or an amount in a sentence. -#}
{%- macro said(value) -%}
    coalesce(cast({{ value }} as {{ dbt.type_string() }}), 'unknown')
{%- endmacro -%}


{#- A sex in a sentence. -#}
{%- macro sex_name(code) -%}
    case {{ code }} when '1' then 'male' when '2' then 'female' end
{%- endmacro -%}
