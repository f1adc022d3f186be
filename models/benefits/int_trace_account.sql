-- How a scheme came from what it counted to what it paid: accumulator, payable expense, tiers (rule E9).
{{ config(materialized='view') }}

with

payouts as (

    select
        payouts.*,
        schemes.scheme_kind
    from {{ ref('fct_payout') }} as payouts
    inner join (
        select distinct
            scheme_id,
            scheme_kind
        from {{ ref('scheme') }}
    ) as schemes on payouts.scheme_id = schemes.scheme_id

),

tiers as (

    select
        tiers.*,
        schedule.document_id,
        schedule.article
    from {{ ref('fct_payout_tier') }} as tiers
    inner join {{ ref('benefit_schedule') }} as schedule on tiers.schedule_key = schedule.schedule_key

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('30', 'accumulator', {
        'amount_before': 'accumulated_before', 'amount_after': 'accumulated_after', 'amount': 'eligible_expense',
    }) }}
from payouts
-- Supplementary schemes tell each of their pools (int_trace_pool).
where scheme_kind = 'critical_illness'

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
