-- Eligible expense is negative only where a settlement is taken back, or where the raw row or one of its fee lines
-- holds a negative part (rules A3, A6, E5): those are reported, not mended. Anything else that lowers an accumulator
-- takes money from a person.
with

falls as (

    select
        settlement_id,
        scheme_id,
        accumulated_before,
        eligible_expense,
        accumulated_after
    from {{ ref('fct_payout') }}
    where
        not is_reversal
        and (eligible_expense < 0 or accumulated_after < accumulated_before)

),

negative_parts as (

    select settlement_id
    from {{ ref('fct_claim_expense') }}
    where
        least(
            coinsurance,
            class_b_self_pay,
            transfer_self_pay,
            over_limit,
            own_expense_drug,
            own_expense_service,
            own_expense_material,
            restricted_use
        ) < 0

    union all

    select settlement_id
    from {{ ref('int_fee_component') }}
    where amount < 0

)

select falls.*
from falls
left join negative_parts on falls.settlement_id = negative_parts.settlement_id
where negative_parts.settlement_id is null
