-- What an assistance category changes in each version of a scheme; a category without a row changes nothing (rule D3).
with

versions as (

    select * from {{ ref('int_scheme_version') }}

),

categories as (

    select * from {{ ref('assistance_category') }}

),

modifiers as (

    select * from {{ ref('category_modifier') }}

),

-- Medical aid has its rates by category from the parameters of the pool (rule F2).
aid_terms as (

    select * from {{ ref('int_aid_term') }}

)

select
    versions.scheme_id,
    versions.insurance_type,
    versions.valid_from,
    versions.valid_to,
    categories.assistance_category,
    categories.priority,
    modifiers.scheme_id is not null or aid_terms.scheme_id is not null as is_modified,
    coalesce(modifiers.deductible_factor, 1) as deductible_factor,
    coalesce(modifiers.rate_addition, 0) as rate_addition,
    modifiers.rate_override,
    coalesce(modifiers.limit_waived, false) as limit_waived,
    greatest(
        versions.status_rank,
        case when modifiers.status is null then 1 else {{ status_rank('modifiers.status') }} end
    ) as status_rank
from versions
cross join categories
left join modifiers
    on
        versions.scheme_id = modifiers.scheme_id
        and categories.assistance_category = modifiers.assistance_category
        and {{ is_in_force('modifiers', 'versions.valid_from') }}
left join aid_terms
    on
        versions.scheme_id = aid_terms.scheme_id
        and categories.assistance_category = aid_terms.assistance_category
        and {{ is_in_force('aid_terms', 'versions.valid_from') }}
