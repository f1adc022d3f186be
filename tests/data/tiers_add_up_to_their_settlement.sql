-- The tiers of a settlement add up to its payout and to the move of its payable expense, to the fen (rule E4): no
-- fen is lost or made between the ladder and what is paid.
with

amounts as (

    select
        settlement_id,
        scheme_id,
        payout_amount,
        payable_after - payable_before as payable_expense,
        0 as tier_payout,
        0 as tier_expense
    from {{ ref('fct_payout') }}
    where payout_amount <> 0 or payable_after <> payable_before

    union all

    select
        settlement_id,
        scheme_id,
        0 as payout_amount,
        0 as payable_expense,
        tier_payout,
        tier_expense
    from {{ ref('fct_payout_tier') }}

)

select
    settlement_id,
    scheme_id,
    sum(payout_amount) as payout_amount,
    sum(tier_payout) as tier_payout,
    sum(payable_expense) as payable_expense,
    sum(tier_expense) as tier_expense
from amounts
group by settlement_id, scheme_id
having sum(payout_amount) <> sum(tier_payout) or sum(payable_expense) <> sum(tier_expense)
