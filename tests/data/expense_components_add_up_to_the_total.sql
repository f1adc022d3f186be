-- The components of a settlement, and what the raw row leaves unexplained, add up to its total cost, to the fen
-- (section B: rule B1).
select
    settlement_id,
    total_cost,
    basic_paid + coinsurance + class_b_self_pay + transfer_self_pay + over_limit + own_expense + unexplained_cost
        as sum_of_components
from {{ ref('fct_claim_expense') }}
where
    basic_paid + coinsurance + class_b_self_pay + transfer_self_pay + over_limit + own_expense + unexplained_cost
    <> total_cost
