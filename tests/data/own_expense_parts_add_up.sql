-- The parts of own expense, what the fee lines do not explain included, add up to it, to the fen (rule B4).
select
    settlement_id,
    own_expense,
    own_expense_drug + own_expense_service + own_expense_material + restricted_use + own_expense_unclassified
        as sum_of_parts
from {{ ref('fct_claim_expense') }}
where
    own_expense_drug + own_expense_service + own_expense_material + restricted_use + own_expense_unclassified
    <> own_expense
