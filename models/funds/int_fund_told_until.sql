-- The last day of which money of a scheme tells: what falls due later is not late yet (rule H2).
with

days as (

    select
        scheme_id,
        posted_on as told_on
    from {{ ref('int_fund_payout_day') }}
    union all
    select
        scheme_id,
        moved_on as told_on
    from {{ ref('int_fund_transaction') }}

)

select
    scheme_id,
    max(told_on) as told_until
from days
group by scheme_id
