-- Payout of each tier in a scenario: its ladder climbed after a settlement minus before it (rules E4, E5).
{{ tier_payouts(
    payables=ref('int_scenario_payable'),
    schedule=ref('int_scenario_schedule'),
) }}
