-- What was due beside what was received: by the due date and after it, and the day on which all of it was there
-- (rule H2).
with

dues as (

    select * from {{ ref('int_fund_due') }}

),

receipts as (

    select * from {{ ref('int_fund_receipt') }}

),

told as (

    select * from {{ ref('int_fund_told_until') }}

),

settled as (

    select
        dues.scheme_id,
        dues.region_code,
        dues.insurance_type,
        dues.benefit_year,
        dues.due_kind,
        dues.head_count,
        dues.due_amount,
        dues.due_on,
        coalesce(sum(case when receipts.moved_on <= dues.due_on then receipts.amount end), 0) as received_by_due_amount,
        coalesce(sum(case when receipts.moved_on > dues.due_on then receipts.amount end), 0) as received_late_amount,
        max(receipts.moved_on) as last_received_on,
        -- What is to be paid back is a due amount below zero.
        min(case
            when dues.due_amount > 0 and receipts.received_amount >= dues.due_amount then receipts.moved_on
            when dues.due_amount < 0 and receipts.received_amount <= dues.due_amount then receipts.moved_on
        end) as settled_on
    from dues
    left join receipts
        on
            dues.scheme_id = receipts.scheme_id
            and dues.region_code = receipts.region_code
            and dues.insurance_type = receipts.insurance_type
            and dues.benefit_year = receipts.benefit_year
            and dues.due_kind = receipts.due_kind
    group by
        dues.scheme_id,
        dues.region_code,
        dues.insurance_type,
        dues.benefit_year,
        dues.due_kind,
        dues.head_count,
        dues.due_amount,
        dues.due_on

)

select
    settled.scheme_id,
    settled.region_code,
    settled.insurance_type,
    settled.benefit_year,
    settled.due_kind,
    settled.head_count,
    cast(settled.due_amount as decimal(18, 2)) as due_amount,
    settled.due_on,
    cast(settled.received_by_due_amount as decimal(18, 2)) as received_by_due_amount,
    cast(settled.received_late_amount as decimal(18, 2)) as received_late_amount,
    cast(settled.due_amount - settled.received_by_due_amount - settled.received_late_amount as decimal(18, 2))
        as outstanding_amount,
    settled.settled_on,
    -- What is not all there is late by the days so far.
    case
        when settled.due_amount = 0 or settled.settled_on <= settled.due_on then 0
        when settled.settled_on is null and settled.due_on >= told.told_until then null
        else {{ days_between('settled.due_on', 'coalesce(settled.settled_on, told.told_until)') }}
    end as days_late,
    case
        when settled.due_amount = 0 then 'nothing_due'
        when settled.settled_on <= settled.due_on then 'on_time'
        when settled.settled_on is not null then 'late'
        when settled.due_on >= told.told_until then 'not_yet_due'
        when settled.due_on is null then 'no_date'
        when settled.last_received_on is null then 'not_received'
        else 'short'
    end as due_status
from settled
left join told on settled.scheme_id = told.scheme_id
