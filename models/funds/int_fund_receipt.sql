-- Transfers and true-ups received by day, with what had been received for the year by then (rule H2).
with

received as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        case when transaction_type = 'true_up' then 'true_up' else 'transfer' end as due_kind,
        moved_on,
        sum(amount) as amount
    from {{ ref('int_fund_transaction') }}
    where transaction_type in ('transfer_in', 'premium_in', 'true_up')
    group by
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        case when transaction_type = 'true_up' then 'true_up' else 'transfer' end,
        moved_on

)

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    due_kind,
    moved_on,
    cast(amount as decimal(18, 2)) as amount,
    cast(sum(amount) over (
        partition by scheme_id, region_code, insurance_type, benefit_year, due_kind
        order by moved_on
        rows between unbounded preceding and current row
    ) as decimal(18, 2)) as received_amount
from received
