-- What a critical illness scheme pays of a settlement by tier (rules E4, E5). A cut to what is left of the limit comes
-- off the highest tiers.
{{ tier_payouts_within_limit(
    tier_payouts=ref('int_tier_payout'),
    limit_cuts=ref('int_limit_cut'),
) }}
