-- Payable expense before and after each settlement in a scenario (rule E3).
{{ payables(
    accumulations=ref('int_scenario_accumulation'),
    categories=ref('int_scenario_category_at_claim'),
    pool_terms=ref('int_scenario_pool_term'),
) }}
