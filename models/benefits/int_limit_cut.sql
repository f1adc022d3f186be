-- Payouts of person-years whose terms changed, one settlement after the other, each held to what is left of its own
-- limit (rule D4). Where the terms stay the same the ladder alone keeps the limit, and the person-year is not here.
{{ limit_cuts(
    payables=ref('int_payable'),
    tier_payouts=ref('int_tier_payout'),
) }}
