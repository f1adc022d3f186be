-- Every tier of every ladder with its bounds on payable expense, by scheme version, insurance type and category
-- (rules D2, D3).
{{ ladders(
    category_terms=ref('int_category_term'),
    pool_terms=ref('int_pool_term'),
    tiers=ref('benefit_tier'),
    versions=ref('int_scheme_version'),
    coverage=ref('coverage'),
) }}
