-- Deductible and limits of each expense pool and category, as a scenario has them (rules D1, D4).
{{ pool_terms(
    category_terms=ref('int_scenario_category_term'),
    terms=ref('int_scenario_term'),
) }}
