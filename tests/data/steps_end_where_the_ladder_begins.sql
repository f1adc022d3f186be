-- The steps below the deductible of an expense pool end at that deductible for every category (rule F3): where a
-- category lowers it, the same expense would be paid by a step and by the ladder. And steps are for supplementary
-- schemes: a critical illness scheme would not climb them.
with

steps as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        expense_pool,
        max(upper_bound) as steps_end_at
    from {{ ref('benefit_schedule') }}
    where expense_pool is not null
    group by scheme_id, insurance_type, assistance_category, valid_from, expense_pool

)

select
    steps.*,
    terms.deductible,
    schemes.scheme_kind
from steps
left join {{ ref('int_pool_term') }} as terms
    on
        steps.scheme_id = terms.scheme_id
        and steps.insurance_type = terms.insurance_type
        and steps.assistance_category = terms.assistance_category
        and steps.valid_from = terms.valid_from
        and steps.expense_pool = terms.expense_pool
left join {{ ref('dim_scheme') }} as schemes on steps.scheme_id = schemes.scheme_id
where
    terms.deductible is null
    or steps.steps_end_at <> terms.deductible
    or schemes.scheme_kind <> 'supplementary'
