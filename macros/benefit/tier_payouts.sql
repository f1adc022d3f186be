{#- Payout of each tier: the ladder climbed after this settlement minus the ladder climbed before it (rules E4, E5). -#}
{%- macro tier_payouts(payables, schedule) -%}
with

payables as (

    select * from {{ payables }}
    where payable_before <> payable_after

),

schedule as (

    select * from {{ schedule }}
    where expense_pool is null

),

climbed as (

    select
        payables.settlement_id,
        payables.scheme_id,
        schedule.tier_no,
        schedule.schedule_key,
        schedule.rate,
        {{ tier_reached('payables.payable_after', 'schedule') }}
        - {{ tier_reached('payables.payable_before', 'schedule') }} as tier_expense,
        {{ tier_paid('payables.payable_after', 'schedule') }}
        - {{ tier_paid('payables.payable_before', 'schedule') }} as tier_payout,
        {{ tier_paid_without_limit('payables.payable_after', 'schedule') }}
        - {{ tier_paid_without_limit('payables.payable_before', 'schedule') }} as tier_payout_without_limit
    from payables
    inner join schedule
        on
            payables.scheme_id = schedule.scheme_id
            and payables.insurance_type = schedule.insurance_type
            and payables.assistance_category = schedule.assistance_category
            and payables.valid_from = schedule.valid_from

)

select
    settlement_id,
    scheme_id,
    tier_no,
    schedule_key,
    rate,
    cast(tier_expense as decimal(18, 2)) as tier_expense,
    cast(tier_payout as decimal(18, 2)) as tier_payout,
    cast(tier_payout_without_limit as decimal(18, 2)) as tier_payout_without_limit
from climbed
where tier_expense <> 0
{%- endmacro -%}
