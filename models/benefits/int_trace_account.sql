-- How a scheme came from what it counted to what it paid: cover, accumulator, earlier layers, tiers (rule E9).
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

tiers as (

    select
        tiers.*,
        schedule.document_id,
        schedule.article
    from {{ ref('fct_payout_tier') }} as tiers
    inner join {{ ref('benefit_schedule') }} as schedule on tiers.schedule_key = schedule.schedule_key

),

earlier as (

    select * from {{ ref('int_earlier_layer') }}

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('1', 'cover', {'item': 'cover_status'}) }}
from payouts

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('30', 'accumulator', {
        'amount_before': 'accumulated_before', 'amount_after': 'accumulated_after', 'amount': 'eligible_expense',
    }) }}
from payouts

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('41', 'earlier_layers', {
        'item': 'expense_pool', 'base_amount': 'deductible', 'amount_before': 'paid_before',
        'amount_after': 'paid_after',
    }) }}
from earlier

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('50', 'payable', {
        'amount_before': 'payable_before', 'amount_after': 'payable_after',
        'amount': 'payable_after - payable_before',
    }) }}
from payouts

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('60 + tier_no', 'tier', {
        'item': 'tier_no', 'base_amount': 'tier_expense', 'rate': 'rate', 'amount': 'tier_payout',
        'document_id': 'document_id', 'article': 'article',
    }) }}
from tiers

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('90', 'payout', {'amount': 'payout_amount'}) }}
from payouts
