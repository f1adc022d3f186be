-- What each assumption would have paid (rule E8): the same ladder, climbed from where the assumption puts it.
with

differing as (

    select * from {{ ref('int_payout_difference') }}

),

schedule as (

    select * from {{ ref('benefit_schedule') }}
    where expense_pool is null

),

assumptions as (

    select * from {{ ref('int_terms_assumption') }}
    union all
    select * from {{ ref('int_coverage_assumption') }}

),

climbed as (

    select
        assumptions.settlement_id,
        assumptions.scheme_id,
        assumptions.cause,
        assumptions.assumption,
        sum(case
            when assumptions.is_limited
                then
                    {{ tier_paid('assumptions.stands_at', 'schedule') }}
                    - {{ tier_paid('assumptions.stood_at', 'schedule') }}
            else
                {{ tier_paid_without_limit('assumptions.stands_at', 'schedule') }}
                - {{ tier_paid_without_limit('assumptions.stood_at', 'schedule') }}
        end) as supposed_amount
    from assumptions
    inner join differing
        on
            assumptions.settlement_id = differing.settlement_id
            and assumptions.scheme_id = differing.scheme_id
    inner join schedule
        on
            assumptions.scheme_id = schedule.scheme_id
            and assumptions.assistance_category = schedule.assistance_category
            and differing.insurance_type = schedule.insurance_type
            and differing.valid_from = schedule.valid_from
    group by assumptions.settlement_id, assumptions.scheme_id, assumptions.cause, assumptions.assumption

),

-- One rate for all that is payable, whatever tiers it lies in.
single_rates as (

    select
        differing.settlement_id,
        differing.scheme_id,
        'tier' as cause,
        'all at the rate of tier ' || cast(schedule.tier_no as {{ dbt.type_string() }}) as assumption,
        {{ share_of('differing.payable_after - differing.payable_before', 'schedule.rate') }} as supposed_amount
    from differing
    inner join schedule
        on
            differing.scheme_id = schedule.scheme_id
            and differing.assistance_category = schedule.assistance_category
            and differing.insurance_type = schedule.insurance_type
            and differing.valid_from = schedule.valid_from

),

other_columns as (

    select
        settlement_id,
        scheme_id,
        'other_column' as cause,
        'recorded in the column of the other insurance type' as assumption,
        recorded_amount as supposed_amount
    from differing
    where recorded_amount = 0 and other_column_amount = computed_amount

),

-- A reversal that took back nothing, or what its original had got, in proportion.
reversals as (

    select
        settlement_id,
        scheme_id,
        'reversal' as cause,
        case when recorded_amount = 0 then 'nothing taken back' else 'what was paid then taken back' end as assumption,
        recorded_amount as supposed_amount
    from differing
    where
        is_reversal
        and (
            recorded_amount = 0
            or abs(recorded_amount * original_total_cost - original_recorded_amount * total_cost)
            <= abs(original_total_cost) * cast('0.01' as decimal(4, 2))
        )

)

select
    settlement_id,
    scheme_id,
    cause,
    assumption,
    cast(supposed_amount as decimal(18, 2)) as supposed_amount
from climbed
union all
select * from single_rates
union all
select * from reversals
union all
select * from other_columns
