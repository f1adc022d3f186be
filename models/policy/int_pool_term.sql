-- Deductible and limits of each expense pool, by scheme version, insurance type and category (rules D1, D4).
{{ pool_terms(
    category_terms=ref('int_category_term'),
    terms=ref('benefit_term'),
) }}
