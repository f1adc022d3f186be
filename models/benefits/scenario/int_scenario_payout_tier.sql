-- Payout of a settlement by tier in a scenario, cut to what is left of the limit (rules E4, E5).
{{ tier_payouts_within_limit(
    tier_payouts=ref('int_scenario_tier_payout'),
    limit_cuts=ref('int_scenario_limit_cut'),
) }}
