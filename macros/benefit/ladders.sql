{#- Every tier of every ladder with its bounds on payable expense, by scheme version, insurance type and category
    (rules D2, D3).
    `coverage` with the `versions` of its schemes may be left out where how sure the ladder is does not depend on it. -#}
{%- macro ladders(category_terms, pool_terms, tiers, versions=none, coverage=none) -%}
with

category_terms as (

    select * from {{ category_terms }}

),

tiers as (

    select * from {{ tiers }}

),

scheme_terms as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        max(tier_basis) as tier_basis,
        max(bound_inclusive) as bound_inclusive,
        max(limit_basis) as limit_basis,
        cast(sum(deductible) as decimal(18, 2)) as deductible,
        max(annual_limit) as annual_limit,
        max(payout_limit) as payout_limit,
        max(status_rank) as status_rank
    from {{ pool_terms }}
    group by scheme_id, insurance_type, assistance_category, valid_from

),

{% if coverage is not none -%}
coverage_status as (

    select
        versions.scheme_id,
        versions.insurance_type,
        versions.valid_from,
        max({{ status_rank('coverage.status') }}) as status_rank
    from {{ versions }} as versions
    inner join {{ coverage }} as coverage
        on
            versions.scheme_id = coverage.scheme_id
            and {{ is_in_force('coverage', 'versions.valid_from') }}
    group by versions.scheme_id, versions.insurance_type, versions.valid_from

),

{% endif -%}
laid_out as (

    select
        category_terms.scheme_id,
        category_terms.insurance_type,
        category_terms.assistance_category,
        category_terms.valid_from,
        category_terms.valid_to,
        tiers.tier_no,
        tiers.expense_pool,
        tiers.lower_bound as published_lower_bound,
        tiers.upper_bound as published_upper_bound,
        scheme_terms.tier_basis,
        scheme_terms.bound_inclusive,
        scheme_terms.limit_basis,
        scheme_terms.deductible,
        scheme_terms.annual_limit,
        scheme_terms.payout_limit,
        tiers.document_id,
        tiers.article,
        cast(
            least(coalesce(category_terms.rate_override, tiers.rate + category_terms.rate_addition), 1) as decimal(6, 4)
        ) as rate,
        -- Gross bounds move down by the category's own deductible, the first to 0 (rule D2); steps stay (rule F3).
        case
            when tiers.expense_pool is not null then tiers.lower_bound
            when
                row_number() over (
                    partition by
                        category_terms.scheme_id, category_terms.insurance_type, category_terms.assistance_category,
                        category_terms.valid_from, tiers.expense_pool
                    order by tiers.tier_no
                ) = 1
                then 0
            when scheme_terms.tier_basis = 'gross' then greatest(tiers.lower_bound - scheme_terms.deductible, 0)
            else tiers.lower_bound
        end as lower_bound,
        case
            when tiers.expense_pool is null and scheme_terms.tier_basis = 'gross' and tiers.upper_bound is not null
                then greatest(tiers.upper_bound - scheme_terms.deductible, 0)
            else tiers.upper_bound
        end as upper_bound,
        greatest(
            category_terms.status_rank, scheme_terms.status_rank, {{ status_rank('tiers.status') }}
            {%- if coverage is not none %}, coalesce(coverage_status.status_rank, 1){% endif %}
        ) as status_rank
    from category_terms
    inner join scheme_terms
        on
            category_terms.scheme_id = scheme_terms.scheme_id
            and category_terms.insurance_type = scheme_terms.insurance_type
            and category_terms.assistance_category = scheme_terms.assistance_category
            and category_terms.valid_from = scheme_terms.valid_from
    inner join tiers
        on
            category_terms.scheme_id = tiers.scheme_id
            and tiers.insurance_type in ('all', category_terms.insurance_type)
            and {{ is_in_force('tiers', 'category_terms.valid_from') }}
    {%- if coverage is not none %}
    left join coverage_status
        on
            category_terms.scheme_id = coverage_status.scheme_id
            and category_terms.insurance_type = coverage_status.insurance_type
            and category_terms.valid_from = coverage_status.valid_from
    {%- endif %}

)

select * from laid_out
-- A bound at or below the deductible leaves its tier empty.
where upper_bound is null or upper_bound > lower_bound
{%- endmacro -%}
