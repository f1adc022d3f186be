-- Where a limit of the year, or what was paid in it, held a payout to something else than its rates alone (rules D4,
-- E5, E9).
{{ config(materialized='view') }}

with

payouts as (

    select * from {{ ref('fct_payout') }}

),

by_rates as (

    select
        settlement_id,
        scheme_id,
        tier_payout_without_limit
    from {{ ref('int_tier_payout') }}
    union all
    select
        settlement_id,
        scheme_id,
        tier_payout_without_limit
    from {{ ref('int_supplementary_tier_payout') }}

),

held as (

    select
        payouts.settlement_id,
        payouts.scheme_id,
        payouts.payout_amount,
        sum(by_rates.tier_payout_without_limit) as paid_by_rates
    from payouts
    inner join by_rates
        on
            payouts.settlement_id = by_rates.settlement_id
            and payouts.scheme_id = by_rates.scheme_id
    group by payouts.settlement_id, payouts.scheme_id, payouts.payout_amount
    having sum(by_rates.tier_payout_without_limit) <> payouts.payout_amount

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('85', 'held', {'base_amount': 'paid_by_rates', 'amount': 'payout_amount'}) }}
from held
