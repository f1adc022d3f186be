-- What the layers before a supplementary scheme have paid of the year, before and after each settlement, and the
-- deductible of the scheme that pays first (rules E6, F3).
with

followings as (

    select distinct
        scheme_id,
        expense_pool,
        after_scheme_id,
        effective_from,
        effective_to
    from {{ ref('benefit_term') }}
    where after_scheme_id is not null

),

members as (

    select
        accumulations.settlement_id,
        accumulations.scheme_id,
        accumulations.expense_pool,
        accumulations.person_key,
        accumulations.benefit_year,
        accumulations.settled_at,
        accumulations.insurance_type,
        accumulations.terms_on,
        followings.after_scheme_id
    from {{ ref('int_supplementary_accumulation') }} as accumulations
    inner join followings
        on
            accumulations.scheme_id = followings.scheme_id
            and accumulations.expense_pool = followings.expense_pool
            and {{ is_in_force('followings', 'accumulations.terms_on') }}

),

payouts as (

    select
        settlement_id,
        scheme_id,
        sum(tier_payout) as payout_amount
    from {{ ref('int_paid_tier') }}
    group by settlement_id, scheme_id

),

categories as (

    select * from {{ ref('int_category_at_claim') }}

),

-- The deductible of the earlier scheme is that of all its pools.
terms as (

    select * from {{ ref('int_scheme_term') }}

),

-- Medical aid is here only where it comes before the supplementary insurance (rule E6).
paid as (

    select
        members.*,
        coalesce(payouts.payout_amount, 0) + coalesce(aids.payout_amount, 0) as payout_amount,
        coalesce(categories.assistance_category, 'none') as assistance_category
    from members
    left join payouts
        on
            members.settlement_id = payouts.settlement_id
            and members.after_scheme_id = payouts.scheme_id
    left join {{ ref('int_aid_before_supplementary') }} as aids on members.settlement_id = aids.settlement_id
    left join categories
        on
            members.settlement_id = categories.settlement_id
            and members.after_scheme_id = categories.scheme_id

),

running as (

    select
        *,
        cast(sum(payout_amount) over (
            partition by scheme_id, person_key, benefit_year, expense_pool
            order by settled_at, settlement_id
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as paid_after
    from paid

)

select
    running.settlement_id,
    running.scheme_id,
    running.expense_pool,
    running.after_scheme_id,
    running.insurance_type,
    running.terms_on,
    terms.deductible,
    cast(running.paid_after - running.payout_amount as decimal(18, 2)) as paid_before,
    running.paid_after,
    terms.status_rank
from running
left join terms
    on
        running.after_scheme_id = terms.scheme_id
        and running.insurance_type = terms.insurance_type
        and running.assistance_category = terms.assistance_category
        and {{ is_valid_on('terms', 'running.terms_on') }}
