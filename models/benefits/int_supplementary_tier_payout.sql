-- What a supplementary scheme pays of a settlement by tier, before any limit: the ladder on all pools together, and the
-- steps below the deductible of one pool, both through the one ladder (rules E4, E5, F3).
with

schedule as (

    select * from {{ ref('benefit_schedule') }}

),

ladders as (

    select *
    from {{ ref('int_ladder_position') }}
    where
        stood_at <> stands_at
        and scheme_id in (
            select schemes.scheme_id from {{ ref('scheme') }} as schemes
            where schemes.scheme_kind = 'supplementary'
        )

),

climbed as (

    select
        ladders.settlement_id,
        ladders.scheme_id,
        schedule.tier_no,
        schedule.schedule_key,
        schedule.rate,
        {{ tier_reached('ladders.stands_at', 'schedule') }}
        - {{ tier_reached('ladders.stood_at', 'schedule') }} as tier_expense,
        {{ tier_paid_without_limit('ladders.stands_at', 'schedule') }}
        - {{ tier_paid_without_limit('ladders.stood_at', 'schedule') }} as tier_payout,
        {{ tier_paid_without_limit('ladders.left_reaches', 'schedule') }}
        - {{ tier_paid_without_limit('ladders.stood_at', 'schedule') }} as tier_payout_on_left
    from ladders
    inner join schedule
        on
            ladders.scheme_id = schedule.scheme_id
            and ladders.insurance_type = schedule.insurance_type
            and ladders.assistance_category = schedule.assistance_category
            and ladders.valid_from = schedule.valid_from
            and ladders.expense_pool = coalesce(schedule.expense_pool, 'all')

)

select
    settlement_id,
    scheme_id,
    tier_no,
    schedule_key,
    rate,
    cast(tier_expense as decimal(18, 2)) as tier_expense,
    cast(tier_payout as decimal(18, 2)) as tier_payout,
    cast(tier_payout as decimal(18, 2)) as tier_payout_without_limit,
    cast(tier_payout_on_left as decimal(18, 2)) as tier_payout_on_left
from climbed
where tier_expense <> 0
