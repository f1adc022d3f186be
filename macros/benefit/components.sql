{#- Components of a settlement that a scheme may count or not, as columns of fct_claim_expense (rule B7). -#}
{%- macro priced_components() -%}
    {{- return([
        'coinsurance', 'class_b_self_pay', 'transfer_self_pay', 'over_limit', 'own_expense', 'own_expense_drug',
        'own_expense_service', 'own_expense_material', 'restricted_use',
    ]) -}}
{%- endmacro -%}
