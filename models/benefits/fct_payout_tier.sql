-- Payout of a settlement by tier, critical illness and supplementary insurance together (rules E4, E5).
select
    settlement_id,
    scheme_id,
    tier_no,
    schedule_key,
    rate,
    tier_expense,
    tier_payout
from {{ ref('int_paid_tier') }}

union all

select
    settlement_id,
    scheme_id,
    tier_no,
    schedule_key,
    rate,
    tier_expense,
    tier_payout
from {{ ref('int_supplementary_tier') }}
