-- Where each ladder stood before a settlement and stands after it: the ladder of all pools together, and the
-- accumulator of a pool for the steps below its deductible (rules E3, F3).
{{ config(materialized='view') }}

select
    settlement_id,
    scheme_id,
    insurance_type,
    assistance_category,
    valid_from,
    'all' as expense_pool,
    payable_before as stood_at,
    payable_after as stands_at,
    payable_before as left_reaches
from {{ ref('int_payable') }}

union all

select
    settlement_id,
    scheme_id,
    insurance_type,
    assistance_category,
    valid_from,
    'all' as expense_pool,
    ladder_before as stood_at,
    ladder_after as stands_at,
    -- What earlier layers left climbs first, and what the pools add comes after it.
    ladder_before + left_by_earlier as left_reaches
from {{ ref('int_supplementary_payable') }}

union all

select
    settlement_id,
    scheme_id,
    insurance_type,
    assistance_category,
    valid_from,
    expense_pool,
    accumulated_before as stood_at,
    accumulated_after as stands_at,
    accumulated_before as left_reaches
from {{ ref('int_supplementary_position') }}
