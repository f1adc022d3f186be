-- No rate is above 1, so a settlement is never paid more than it adds to payable expense, nor takes back more than
-- it takes off (rules D3, E4, E5); and payable expense never moves further than the accumulator does, in a scheme
-- with one expense pool (rule E3).
with

single_pool_schemes as (

    select scheme_id
    from {{ ref('benefit_term') }}
    group by scheme_id
    having count(distinct expense_pool) = 1

)

select
    payouts.settlement_id,
    payouts.scheme_id,
    payouts.eligible_expense,
    payouts.payable_before,
    payouts.payable_after,
    payouts.payout_amount
from {{ ref('fct_payout') }} as payouts
left join single_pool_schemes on payouts.scheme_id = single_pool_schemes.scheme_id
where
    payouts.payout_amount > greatest(payouts.payable_after - payouts.payable_before, 0)
    or payouts.payout_amount < least(payouts.payable_after - payouts.payable_before, 0)
    or (
        single_pool_schemes.scheme_id is not null
        and (
            payouts.payable_after - payouts.payable_before > greatest(payouts.eligible_expense, 0)
            or payouts.payable_after - payouts.payable_before < least(payouts.eligible_expense, 0)
        )
    )
