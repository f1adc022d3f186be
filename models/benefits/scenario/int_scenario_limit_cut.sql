-- Payouts in a scenario of person-years whose terms changed, each held to what is left of its own limit (rule D4).
{{ limit_cuts(
    payables=ref('int_scenario_payable'),
    tier_payouts=ref('int_scenario_tier_payout'),
) }}
