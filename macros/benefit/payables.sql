{#- Payable expense before and after each settlement, both under the terms of this settlement (rule E3). -#}
{%- macro payables(accumulations, categories, pool_terms) -%}
with

accumulations as (

    select * from {{ accumulations }}

),

categories as (

    select * from {{ categories }}

),

pool_terms as (

    select * from {{ pool_terms }}

),

categorised as (

    select
        accumulations.*,
        coalesce(categories.assistance_category, 'none') as assistance_category
    from accumulations
    left join categories
        on
            accumulations.settlement_id = categories.settlement_id
            and accumulations.scheme_id = categories.scheme_id

)

select
    categorised.settlement_id,
    categorised.scheme_id,
    categorised.person_key,
    categorised.benefit_year,
    categorised.settled_at,
    categorised.region_code,
    categorised.insurance_type,
    categorised.assistance_category,
    categorised.is_reversal,
    -- A pool that another version of the scheme has is not in force here, and adds nothing.
    max(pool_terms.valid_from) as valid_from,
    cast(sum(categorised.eligible_expense) as decimal(18, 2)) as eligible_expense,
    cast(sum(categorised.accumulated_before) as decimal(18, 2)) as accumulated_before,
    cast(sum(categorised.accumulated_after) as decimal(18, 2)) as accumulated_after,
    cast(sum({{ payable_expense('categorised.accumulated_before', 'pool_terms') }}) as decimal(18, 2))
        as payable_before,
    cast(sum({{ payable_expense('categorised.accumulated_after', 'pool_terms') }}) as decimal(18, 2))
        as payable_after,
    cast(sum(pool_terms.deductible) as decimal(18, 2)) as deductible,
    cast(sum(greatest(pool_terms.deductible - categorised.accumulated_after, 0)) as decimal(18, 2))
        as deductible_remaining,
    max(pool_terms.limit_basis) as limit_basis,
    max(pool_terms.annual_limit) as annual_limit,
    max(pool_terms.payout_limit) as payout_limit,
    greatest(max(categorised.status_rank), max(pool_terms.status_rank)) as status_rank
from categorised
left join pool_terms
    on
        categorised.scheme_id = pool_terms.scheme_id
        and categorised.expense_pool = pool_terms.expense_pool
        and categorised.insurance_type = pool_terms.insurance_type
        and categorised.assistance_category = pool_terms.assistance_category
        and {{ is_valid_on('pool_terms', 'categorised.terms_on') }}
-- One settlement's own columns are keys, not max(): a key can be spilled to disk, the text in a max() cannot.
group by
    categorised.settlement_id,
    categorised.scheme_id,
    categorised.person_key,
    categorised.benefit_year,
    categorised.settled_at,
    categorised.region_code,
    categorised.insurance_type,
    categorised.assistance_category,
    categorised.is_reversal
{%- endmacro -%}
