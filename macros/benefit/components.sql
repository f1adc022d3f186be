{#- Components of a settlement that a scheme may count or not, as columns of fct_claim_expense (rule B7). -#}
{%- macro priced_components() -%}
    {{- return([
        'coinsurance', 'class_b_self_pay', 'transfer_self_pay', 'over_limit', 'own_expense', 'own_expense_drug',
        'own_expense_service', 'own_expense_material', 'restricted_use',
    ]) -}}
{%- endmacro -%}


{#- Components that an explanation names: the parts of own expense are told apart by their fee lines (rule E9). -#}
{%- macro trace_components() -%}
    {{- return([
        'coinsurance', 'class_b_self_pay', 'transfer_self_pay', 'over_limit', 'own_expense', 'restricted_use',
    ]) -}}
{%- endmacro -%}


{#- A step of an explanation: the columns that it has, and NULL for the others. -#}
{%- macro trace_step(step_no, step, columns) -%}
    {{ step_no }} as step_no,
    '{{ step }}' as step,
    {%- for column, type in {
        'item': dbt.type_string(), 'base_amount': 'decimal(18, 2)', 'rate': 'decimal(6, 4)',
        'amount_before': 'decimal(18, 2)', 'amount_after': 'decimal(18, 2)', 'amount': 'decimal(18, 2)',
        'document_id': dbt.type_string(), 'article': dbt.type_string(),
    }.items() %}
    cast({{ columns.get(column, 'null') }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro -%}
