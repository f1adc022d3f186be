-- The terms under which a scheme paid a settlement: category and what it changes, deductible, limit (rule E9).
{{ config(materialized='view') }}

with

payouts as (

    select
        payouts.*,
        payables.valid_from
    from {{ ref('fct_payout') }} as payouts
    inner join {{ ref('int_scheme_payable') }} as payables
        on
            payouts.settlement_id = payables.settlement_id
            and payouts.scheme_id = payables.scheme_id

),

pool_terms as (

    select
        payouts.settlement_id,
        terms.*
    from payouts
    inner join {{ ref('int_pool_term') }} as terms
        on
            payouts.scheme_id = terms.scheme_id
            and payouts.insurance_type = terms.insurance_type
            and payouts.assistance_category = terms.assistance_category
            and payouts.valid_from = terms.valid_from

),

modified as (

    select
        payouts.*,
        modifiers.deductible_factor,
        modifiers.rate_addition,
        modifiers.rate_override,
        modifiers.limit_waived,
        modifiers.document_id,
        modifiers.article
    from payouts
    left join {{ ref('category_modifier') }} as modifiers
        on
            payouts.scheme_id = modifiers.scheme_id
            and payouts.assistance_category = modifiers.assistance_category
            and {{ is_in_force('modifiers', 'payouts.valid_from') }}

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('4', 'category', {
        'item': 'assistance_category', 'document_id': 'document_id', 'article': 'article',
    }) }}
from modified
{%- for column, condition in {
    'deductible_factor': 'deductible_factor <> 1',
    'rate_addition': 'rate_addition <> 0',
    'rate_override': 'rate_override is not null',
    'limit_waived': 'limit_waived',
}.items() %}

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('5', column, {
        'item': "'" ~ column ~ "'", 'rate': column if column != 'limit_waived' else 'null',
        'document_id': 'document_id', 'article': 'article',
    }) }}
from modified
where {{ condition }}
{%- endfor %}

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('40', 'deductible', {
        'item': 'expense_pool', 'amount': 'deductible', 'document_id': 'document_id', 'article': 'article',
    }) }}
from pool_terms
where after_scheme_id is null

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('80', 'limit', {
        'item': 'limit_basis', 'amount': 'annual_limit', 'document_id': 'document_id', 'article': 'article',
    }) }}
from pool_terms
where annual_limit is not null
