-- Payout of each tier: the ladder climbed after this settlement minus the ladder climbed before it (rules E4, E5).
{{ tier_payouts(
    payables=ref('int_payable'),
    schedule=ref('benefit_schedule'),
) }}
