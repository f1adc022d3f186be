-- The counties of a supplementary scheme hold what its cycle holds, to the fen, and close with what it carries forward;
-- their heads are those enrolled (rules H3, H6, H7).
with

compared as (

    select
        scheme_id,
        benefit_year,
        income_amount,
        payout_amount,
        service_fee_amount + interest_amount as other_amount,
        carried_forward_amount,
        0 as enrolled_heads
    from {{ ref('fct_fund_cycle') }}
    union all
    select
        scheme_id,
        benefit_year,
        0 - income_amount as income_amount,
        0 - payout_amount as payout_amount,
        0 - service_fee_amount - interest_amount as other_amount,
        0 - balance_amount as carried_forward_amount,
        0 - insured_heads as enrolled_heads
    from {{ ref('fct_fund_year') }}
    where scheme_kind = 'supplementary'
    union all
    select
        scheme_id,
        benefit_year,
        0 as income_amount,
        0 as payout_amount,
        0 as other_amount,
        0 as carried_forward_amount,
        enrolled_heads
    from {{ ref('fct_participation') }}
    where enrolment_group = 'all'

)

select
    compared.scheme_id,
    compared.benefit_year,
    sum(compared.income_amount) as income_lost,
    sum(compared.payout_amount) as payouts_lost,
    sum(compared.other_amount) as fees_and_interest_lost,
    sum(compared.carried_forward_amount) as balance_lost,
    sum(compared.enrolled_heads) as heads_lost
from compared
-- A year outside every cycle is told by another test.
inner join {{ ref('fct_fund_cycle') }} as cycles
    on compared.scheme_id = cycles.scheme_id and compared.benefit_year = cycles.benefit_year
group by compared.scheme_id, compared.benefit_year
having
    sum(compared.income_amount) <> 0
    or sum(compared.payout_amount) <> 0
    or sum(compared.other_amount) <> 0
    or sum(compared.carried_forward_amount) <> 0
    or sum(compared.enrolled_heads) <> 0
