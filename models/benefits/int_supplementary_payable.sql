-- Payable expense of a supplementary scheme before and after each settlement, all pools together (rules E3, F3).
with

positions as (

    select * from {{ ref('int_supplementary_position') }}

),

-- Steps below the deductible of a pool join without a gap; the seed's tests see to it.
steps as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        expense_pool,
        min(lower_bound) as steps_from,
        max(upper_bound) as steps_to
    from {{ ref('benefit_schedule') }}
    where expense_pool is not null
    group by scheme_id, insurance_type, assistance_category, valid_from, expense_pool

),

stepped as (

    select
        positions.*,
        case when steps.scheme_id is null then 0 else {{ stepped_expense('positions.accumulated_before', 'steps') }} end
            as stepped_before,
        case when steps.scheme_id is null then 0 else {{ stepped_expense('positions.accumulated_after', 'steps') }} end
            as stepped_after
    from positions
    left join steps
        on
            positions.scheme_id = steps.scheme_id
            and positions.insurance_type = steps.insurance_type
            and positions.assistance_category = steps.assistance_category
            and positions.valid_from = steps.valid_from
            and positions.expense_pool = steps.expense_pool

)

select
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    settled_at,
    region_code,
    insurance_type,
    assistance_category,
    is_reversal,
    cover_status,
    max(valid_from) as valid_from,
    cast(sum(eligible_expense) as decimal(18, 2)) as eligible_expense,
    cast(sum(accumulated_before) as decimal(18, 2)) as accumulated_before,
    cast(sum(accumulated_after) as decimal(18, 2)) as accumulated_after,
    cast(sum(payable_before + stepped_before) as decimal(18, 2)) as payable_before,
    cast(sum(payable_after + stepped_after) as decimal(18, 2)) as payable_after,
    -- Where the ladder of all pools together stands: without the steps.
    cast(sum(payable_before) as decimal(18, 2)) as ladder_before,
    cast(sum(payable_after) as decimal(18, 2)) as ladder_after,
    cast(sum(case when is_left_by_earlier then payable_after - payable_before else 0 end) as decimal(18, 2))
        as left_by_earlier,
    cast(sum(deductible) as decimal(18, 2)) as deductible,
    cast(sum(greatest(deductible - accumulated_after, 0)) as decimal(18, 2)) as deductible_remaining,
    max(limit_basis) as limit_basis,
    max(annual_limit) as annual_limit,
    max(payout_limit) as payout_limit,
    max(status_rank) as status_rank
from stepped
group by
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    settled_at,
    region_code,
    insurance_type,
    assistance_category,
    is_reversal,
    cover_status
