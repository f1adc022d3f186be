-- What accumulated in each expense pool of a supplementary scheme, what earlier layers left of it, and what is payable
-- (rules E2, E3, E9, F3, G6).
{{ config(materialized='view') }}

with

positions as (

    select * from {{ ref('int_supplementary_position') }}

),

-- Whoever asks where the deductible of the scheme that pays first stands.
terms as (

    select
        scheme_id,
        insurance_type,
        effective_from,
        effective_to,
        max(document_id) as document_id,
        max(article) as article
    from {{ ref('benefit_term') }}
    group by scheme_id, insurance_type, effective_from, effective_to

),

earlier as (

    select
        layers.*,
        terms.document_id,
        terms.article
    from {{ ref('int_earlier_layer') }} as layers
    left join terms
        on
            layers.after_scheme_id = terms.scheme_id
            and terms.insurance_type in ('all', layers.insurance_type)
            and {{ is_in_force('terms', 'layers.terms_on') }}

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('30', 'pool_accumulator', {
        'item': 'expense_pool', 'amount_before': 'accumulated_before', 'amount_after': 'accumulated_after',
        'amount': 'eligible_expense',
    }) }}
from positions
where not is_left_by_earlier

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('41', 'incurred', {
        'item': 'expense_pool', 'amount_before': 'incurred_before', 'amount_after': 'incurred_after',
    }) }}
from positions
where is_left_by_earlier

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('42', 'earlier_layers', {
        'item': 'expense_pool', 'base_amount': 'deductible', 'amount_before': 'paid_before',
        'amount_after': 'paid_after', 'document_id': 'document_id', 'article': 'article',
    }) }}
from earlier

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('43', 'outside', {'item': 'expense_pool', 'amount': 'left_outside_after'}) }}
from positions
where left_outside_after <> 0

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('45', 'pool_payable', {
        'item': 'expense_pool', 'amount_before': 'payable_before', 'amount_after': 'payable_after',
    }) }}
from positions
