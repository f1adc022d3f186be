-- Age bands hold the heads and payouts of the fund years, and the development triangle the payouts of all
-- settlements, to the fen (rules H1, H3).
with

compared as (

    select
        'fct_cost_per_head' as mart,
        scheme_id,
        insurance_type,
        insured_heads,
        payout_amount
    from {{ ref('fct_cost_per_head') }}
    union all
    select
        'fct_cost_per_head' as mart,
        scheme_id,
        insurance_type,
        0 - insured_heads as insured_heads,
        0 - payout_amount as payout_amount
    from {{ ref('fct_fund_year') }}
    where scheme_kind = 'critical_illness'
    union all
    select
        'fct_claim_triangle' as mart,
        scheme_id,
        insurance_type,
        0 as insured_heads,
        payout_amount
    from {{ ref('fct_claim_triangle') }}
    union all
    select
        'fct_claim_triangle' as mart,
        scheme_id,
        insurance_type,
        0 as insured_heads,
        0 - payout_amount as payout_amount
    from {{ ref('fct_payout') }}

)

select
    mart,
    scheme_id,
    insurance_type,
    sum(insured_heads) as heads_lost,
    sum(payout_amount) as payouts_lost
from compared
group by mart, scheme_id, insurance_type
having sum(insured_heads) <> 0 or sum(payout_amount) <> 0
