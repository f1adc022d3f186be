-- Payouts of a supplementary scheme one settlement after the other, each held to what is left of the limit of the year
-- and to what was paid (rules D4, E4, E5). Only person-years with a limit, or with something taken back, are here.
{{ limit_cuts(
    payables=ref('int_supplementary_payable'),
    tier_payouts=ref('int_supplementary_tier_payout'),
    ladder_keeps_limit=false,
) }}
