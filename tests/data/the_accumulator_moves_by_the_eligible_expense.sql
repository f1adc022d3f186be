-- A settlement moves the accumulator by what is eligible of it and by nothing else (rule E2): otherwise one before
-- it was lost or counted twice.
select
    settlement_id,
    scheme_id,
    accumulated_before,
    eligible_expense,
    accumulated_after
from {{ ref('fct_payout') }}
where accumulated_after <> accumulated_before + eligible_expense
