-- The expense pools of one scheme climb one ladder together and are paid from one limit (rules D4, E3, F3): on every
-- date they agree on what the bounds measure and, where one of them limits the payout, on that limit. A limit on
-- eligible expense is the person's (rule D4): it cannot be told apart among pools, nor be kept in one that another
-- scheme pays first. With several pools, or after another scheme, the limit is on the payout.
with

terms as (

    select * from {{ ref('benefit_term') }}

),

pairs as (

    select
        terms.scheme_id,
        terms.insurance_type,
        terms.effective_from,
        terms.expense_pool,
        other_terms.expense_pool as other_expense_pool,
        case
            when terms.tier_basis <> other_terms.tier_basis or terms.bound_inclusive <> other_terms.bound_inclusive
                then 'The pools of a scheme share one ladder: give both the same tier_basis and bound_inclusive.'
            when terms.limit_basis = 'eligible_expense' and terms.annual_limit is not null
                then
                    'A limit on eligible expense holds for the person and cannot be divided among pools: '
                    || 'give a limit on the payout, or one pool.'
            when
                terms.limit_basis = 'payout'
                and terms.annual_limit is not null
                and (
                    other_terms.limit_basis is null
                    or other_terms.limit_basis <> 'payout'
                    or other_terms.annual_limit is null
                    or other_terms.annual_limit <> terms.annual_limit
                )
                then
                    'A limit on the payout holds for the whole scheme: '
                    || 'give both pools the same annual_limit and limit_basis.'
        end as problem
    from terms
    inner join terms as other_terms
        on
            terms.scheme_id = other_terms.scheme_id
            and terms.expense_pool <> other_terms.expense_pool
            and (
                terms.insurance_type = other_terms.insurance_type
                or 'all' in (terms.insurance_type, other_terms.insurance_type)
            )
            and (terms.effective_to is null or other_terms.effective_from < terms.effective_to)
            and (other_terms.effective_to is null or terms.effective_from < other_terms.effective_to)

)

select * from pairs
where problem is not null
union all
select
    scheme_id,
    insurance_type,
    effective_from,
    expense_pool,
    cast(null as {{ dbt.type_string() }}) as other_expense_pool,
    'What another scheme left has no limit on eligible expense: give a limit on the payout.' as problem
from terms
where after_scheme_id is not null and limit_basis = 'eligible_expense' and annual_limit is not null
