-- The assistance category under which a scenario pays a settlement, for the people that have held one (rules C1, C2).
{{ categories_at_claim(
    settlements=ref('int_scenario_settlement'),
    spells=ref('int_assistance_spell'),
    category_terms=ref('int_scenario_category_term'),
) }}
