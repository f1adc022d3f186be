{#- Deductible and limits of each expense pool, by scheme version, insurance type and category (rules D1, D4). -#}
{%- macro pool_terms(category_terms, terms) -%}
with

category_terms as (

    select * from {{ category_terms }}

),

terms as (

    select * from {{ terms }}

),

matched as (

    select
        category_terms.scheme_id,
        category_terms.insurance_type,
        category_terms.assistance_category,
        category_terms.valid_from,
        category_terms.valid_to,
        terms.expense_pool,
        terms.tier_basis,
        terms.bound_inclusive,
        terms.limit_basis,
        terms.after_scheme_id,
        terms.document_id,
        terms.article,
        cast(round(cast(terms.deductible as decimal(26, 2)) * category_terms.deductible_factor, 2) as decimal(18, 2))
            as deductible,
        case when not category_terms.limit_waived then terms.annual_limit end as annual_limit,
        greatest(category_terms.status_rank, {{ status_rank('terms.status') }}) as status_rank
    from category_terms
    inner join terms
        on
            category_terms.scheme_id = terms.scheme_id
            and terms.insurance_type in ('all', category_terms.insurance_type)
            and {{ is_in_force('terms', 'category_terms.valid_from') }}

)

select
    *,
    -- A limit on eligible expense stops payable expense at limit - deductible (rule D4).
    {{ payable_limit('matched') }} as payable_limit,
    case when limit_basis = 'payout' then annual_limit end as payout_limit
from matched
{%- endmacro -%}
