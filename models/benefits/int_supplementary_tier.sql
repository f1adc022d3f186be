-- What a supplementary scheme pays of a settlement by tier (rules E4, E5, F3). A cut to what is left of the limit comes
-- off the highest tiers, and within a tier off what no earlier layer had paid of.
with

tier_payouts as (

    select * from {{ ref('int_supplementary_tier_payout') }}

),

paid as (

    {{ tier_payouts_within_limit(
        tier_payouts=ref('int_supplementary_tier_payout'),
        limit_cuts=ref('int_supplementary_limit_cut'),
    ) | indent(4) }}

)

select
    paid.settlement_id,
    paid.scheme_id,
    paid.tier_no,
    paid.schedule_key,
    paid.rate,
    paid.tier_expense,
    paid.tier_payout,
    cast(case
        when paid.tier_payout = tier_payouts.tier_payout then tier_payouts.tier_payout_on_left
        else {{ part_of('tier_payouts.tier_payout_on_left', 'paid.tier_payout') }}
    end as decimal(18, 2)) as tier_payout_on_left
from paid
inner join tier_payouts
    on
        paid.settlement_id = tier_payouts.settlement_id
        and paid.scheme_id = tier_payouts.scheme_id
        and paid.tier_no = tier_payouts.tier_no
