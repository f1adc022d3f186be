-- Where a person stands in each expense pool of a supplementary scheme before and after a settlement, both under the
-- terms of this settlement (rules E3, F3).
with

accumulations as (

    select
        accumulations.*,
        coalesce(categories.assistance_category, 'none') as assistance_category
    from {{ ref('int_supplementary_accumulation') }} as accumulations
    left join {{ ref('int_category_at_claim') }} as categories
        on
            accumulations.settlement_id = categories.settlement_id
            and accumulations.scheme_id = categories.scheme_id

),

earlier_layers as (

    select * from {{ ref('int_earlier_layer') }}

),

pool_terms as (

    select * from {{ ref('int_pool_term') }}

),

-- What the earlier layers left of the expense above their deductible.
with_left as (

    select
        accumulations.*,
        earlier_layers.after_scheme_id,
        earlier_layers.status_rank as earlier_status_rank,
        {{ left_by_earlier('accumulations.incurred_before', 'earlier_layers.paid_before', 'earlier_layers') }}
            as left_before,
        {{ left_by_earlier('accumulations.incurred_after', 'earlier_layers.paid_after', 'earlier_layers') }}
            as left_after
    from accumulations
    left join earlier_layers
        on
            accumulations.settlement_id = earlier_layers.settlement_id
            and accumulations.scheme_id = earlier_layers.scheme_id
            and accumulations.expense_pool = earlier_layers.expense_pool

),

-- What was left of settlements outside cover neither pays nor counts later (rule G6).
with_outside as (

    select
        *,
        cast(sum(case when cover_status = 'covered' then 0 else left_after - left_before end) over (
            partition by scheme_id, person_key, benefit_year, expense_pool
            order by settled_at, settlement_id
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as left_outside_after
    from with_left

),

counted as (

    select
        *,
        left_outside_after - case when cover_status = 'covered' then 0 else left_after - left_before end
            as left_outside_before
    from with_outside

)

select
    counted.settlement_id,
    counted.scheme_id,
    counted.expense_pool,
    counted.person_key,
    counted.benefit_year,
    counted.settled_at,
    counted.region_code,
    counted.insurance_type,
    counted.assistance_category,
    counted.is_reversal,
    counted.cover_status,
    pool_terms.valid_from,
    counted.eligible_expense,
    counted.accumulated_before,
    counted.accumulated_after,
    cast(case
        when counted.after_scheme_id is null then {{ payable_expense('counted.accumulated_before', 'pool_terms') }}
        else greatest(counted.left_before - counted.left_outside_before - pool_terms.deductible, 0)
    end as decimal(18, 2)) as payable_before,
    cast(case
        when counted.after_scheme_id is null then {{ payable_expense('counted.accumulated_after', 'pool_terms') }}
        else greatest(counted.left_after - counted.left_outside_after - pool_terms.deductible, 0)
    end as decimal(18, 2)) as payable_after,
    counted.after_scheme_id is not null as is_left_by_earlier,
    -- For who explains the payout (rule E9).
    counted.incurred_before,
    counted.incurred_after,
    cast(counted.left_outside_after as decimal(18, 2)) as left_outside_after,
    pool_terms.deductible,
    pool_terms.limit_basis,
    pool_terms.annual_limit,
    pool_terms.payout_limit,
    greatest(counted.status_rank, pool_terms.status_rank, coalesce(counted.earlier_status_rank, 1)) as status_rank
from counted
left join pool_terms
    on
        counted.scheme_id = pool_terms.scheme_id
        and counted.expense_pool = pool_terms.expense_pool
        and counted.insurance_type = pool_terms.insurance_type
        and counted.assistance_category = pool_terms.assistance_category
        and {{ is_valid_on('pool_terms', 'counted.terms_on') }}
