-- The assistance category under which a settlement is paid, for the people that have held one (rules C1, C2).
{{ categories_at_claim(
    settlements=ref('int_scheme_settlement'),
    spells=ref('int_assistance_spell'),
    category_terms=ref('int_category_term'),
) }}
