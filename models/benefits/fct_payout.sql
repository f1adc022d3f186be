-- What a scheme of tiers pays for each settlement: critical illness and supplementary insurance (rules E1 to E5, F3).
with

payables as (

    select * from {{ ref('int_scheme_payable') }}

),

schedule as (

    select * from {{ ref('benefit_schedule') }}

),

payouts as (

    select
        settlement_id,
        scheme_id,
        sum(tier_payout) as payout_amount,
        count(*) > 1 as is_straddle
    from {{ ref('fct_payout_tier') }}
    group by settlement_id, scheme_id

),

-- A bound belongs to the lower tier or to the upper, as the document says: it decides the label only (rule D2).
reached_tiers as (

    select
        ladders.settlement_id,
        ladders.scheme_id,
        max(schedule.tier_no) as reached_tier_no
    from {{ ref('int_ladder_position') }} as ladders
    inner join schedule
        on
            ladders.scheme_id = schedule.scheme_id
            and ladders.insurance_type = schedule.insurance_type
            and ladders.assistance_category = schedule.assistance_category
            and ladders.valid_from = schedule.valid_from
            and ladders.expense_pool = coalesce(schedule.expense_pool, 'all')
            and (
                ladders.stands_at > schedule.lower_bound
                or (schedule.bound_inclusive = 'lower' and ladders.stands_at = schedule.lower_bound)
            )
    where ladders.stands_at > 0
    group by ladders.settlement_id, ladders.scheme_id

),

ladder_status as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        max({{ status_rank('parameter_status') }}) as status_rank
    from schedule
    group by scheme_id, insurance_type, assistance_category, valid_from

)

select
    payables.settlement_id,
    payables.scheme_id,
    payables.person_key,
    payables.benefit_year,
    payables.settled_at,
    payables.region_code,
    payables.insurance_type,
    payables.assistance_category,
    payables.eligible_expense,
    payables.accumulated_before,
    payables.accumulated_after,
    payables.payable_before,
    payables.payable_after,
    payables.deductible,
    payables.deductible_remaining,
    payables.limit_basis,
    payables.annual_limit,
    cast(coalesce(payouts.payout_amount, 0) as decimal(18, 2)) as payout_amount,
    reached_tiers.reached_tier_no,
    coalesce(payouts.is_straddle, false) as is_straddle,
    payables.is_reversal,
    payables.cover_status,
    {{ status_name('greatest(payables.status_rank, ladder_status.status_rank)') }} as parameter_status
from payables
left join payouts
    on
        payables.settlement_id = payouts.settlement_id
        and payables.scheme_id = payouts.scheme_id
left join reached_tiers
    on
        payables.settlement_id = reached_tiers.settlement_id
        and payables.scheme_id = reached_tiers.scheme_id
left join ladder_status
    on
        payables.scheme_id = ladder_status.scheme_id
        and payables.insurance_type = ladder_status.insurance_type
        and payables.assistance_category = ladder_status.assistance_category
        and payables.valid_from = ladder_status.valid_from
