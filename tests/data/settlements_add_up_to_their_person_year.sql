-- The settlements of a person-year add up to its row in the accumulator, to the fen, and none is left over on either
-- side (rules C3, E2, E4).
with

amounts as (

    select
        person_key,
        scheme_id,
        benefit_year,
        count(*) as settlements,
        sum(eligible_expense) as settled_eligible,
        sum(payout_amount) as settled_payout,
        0 as settlement_count,
        0 as eligible_expense,
        0 as payout_amount
    from {{ ref('fct_payout') }}
    group by person_key, scheme_id, benefit_year

    union all

    select
        person_key,
        scheme_id,
        benefit_year,
        0 as settlements,
        0 as settled_eligible,
        0 as settled_payout,
        settlement_count,
        eligible_expense,
        payout_amount
    from {{ ref('fct_accumulator_year') }}

)

select
    person_key,
    scheme_id,
    benefit_year,
    sum(settlements) as settlements,
    sum(settlement_count) as settlement_count,
    sum(settled_eligible) as settled_eligible,
    sum(eligible_expense) as eligible_expense,
    sum(settled_payout) as settled_payout,
    sum(payout_amount) as payout_amount
from amounts
group by person_key, scheme_id, benefit_year
having
    sum(settlements) <> sum(settlement_count)
    or sum(settled_eligible) <> sum(eligible_expense)
    or sum(settled_payout) <> sum(payout_amount)
