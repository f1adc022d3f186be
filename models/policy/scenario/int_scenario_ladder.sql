-- Every tier of every ladder of a scenario with its bounds on payable expense (rules D2, D3).
{{ ladders(
    category_terms=ref('int_scenario_category_term'),
    pool_terms=ref('int_scenario_pool_term'),
    tiers=ref('int_scenario_tier'),
) }}
