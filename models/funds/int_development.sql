-- Payouts by the month of service and the number of months until they were posted; twelve months and more are one
-- (rule H3).
with

expenses as (

    select
        settlement_id,
        {{ month_start('coalesce(ended_on, root_settled_on)') }} as service_month
    from {{ ref('fct_claim_expense') }}

),

payouts as (

    select
        scheme_id,
        insurance_type,
        settlement_id,
        payout_amount,
        {{ month_start('settled_at') }} as posted_month
    from {{ ref('fct_payout') }}
    where payout_amount <> 0

),

delayed as (

    select
        payouts.scheme_id,
        payouts.insurance_type,
        expenses.service_month,
        payouts.posted_month,
        (extract(year from payouts.posted_month) - extract(year from expenses.service_month)) * 12
        + extract(month from payouts.posted_month) - extract(month from expenses.service_month) as months_later,
        payouts.payout_amount
    from payouts
    inner join expenses on payouts.settlement_id = expenses.settlement_id

)

-- What was settled before the stay ended was posted in its month.
select
    scheme_id,
    insurance_type,
    service_month,
    cast(greatest(0, least(12, months_later)) as integer) as development_month,
    max(posted_month) as last_posted_month,
    cast(sum(payout_amount) as decimal(18, 2)) as payout_amount
from delayed
group by scheme_id, insurance_type, service_month, cast(greatest(0, least(12, months_later)) as integer)
