-- What a critical illness scheme pays of a settlement by tier (rules E4, E5). A cut to what is left of the limit comes
-- off the highest tiers.
with

tier_payouts as (

    select * from {{ ref('int_tier_payout') }}

),

limit_cuts as (

    select * from {{ ref('int_limit_cut') }}

),

cut_to_limit as (

    select
        tier_payouts.settlement_id,
        tier_payouts.scheme_id,
        tier_payouts.tier_no,
        greatest(least(
            tier_payouts.tier_payout,
            limit_cuts.payout_amount - coalesce(sum(tier_payouts.tier_payout) over (
                partition by tier_payouts.settlement_id, tier_payouts.scheme_id
                order by tier_payouts.tier_no
                rows between unbounded preceding and 1 preceding
            ), 0)
        ), 0) as tier_payout
    from tier_payouts
    inner join limit_cuts
        on
            tier_payouts.settlement_id = limit_cuts.settlement_id
            and tier_payouts.scheme_id = limit_cuts.scheme_id
    where limit_cuts.payout_amount >= 0 and tier_payouts.tier_payout >= 0

)

select
    tier_payouts.settlement_id,
    tier_payouts.scheme_id,
    tier_payouts.tier_no,
    tier_payouts.schedule_key,
    tier_payouts.rate,
    tier_payouts.tier_expense,
    cast(coalesce(cut_to_limit.tier_payout, tier_payouts.tier_payout) as decimal(18, 2)) as tier_payout
from tier_payouts
left join cut_to_limit
    on
        tier_payouts.settlement_id = cut_to_limit.settlement_id
        and tier_payouts.scheme_id = cut_to_limit.scheme_id
        and tier_payouts.tier_no = cut_to_limit.tier_no
