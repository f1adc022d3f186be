-- Closing balance = opening + income - payouts - service fee + interest + what insurers bear of a cycle's loss, and the
-- parts of the income add up to it, to the fen (rules H1, H3, H6).
select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    opening_balance_amount,
    income_amount,
    public_income_amount,
    individual_income_amount,
    payout_amount,
    service_fee_amount,
    interest_amount,
    borne_by_insurers_amount,
    balance_amount
from {{ ref('fct_fund_year') }}
where
    balance_amount
    <> opening_balance_amount + income_amount + interest_amount - payout_amount - service_fee_amount
    + borne_by_insurers_amount
    or income_amount <> public_income_amount + individual_income_amount
