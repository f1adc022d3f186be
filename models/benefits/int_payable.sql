-- Payable expense before and after each settlement, both under the terms of this settlement (rule E3).
{{ payables(
    accumulations=ref('int_accumulation'),
    categories=ref('int_category_at_claim'),
    pool_terms=ref('int_pool_term'),
) }}
