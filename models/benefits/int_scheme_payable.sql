-- Payable expense of every scheme that pays by tiers: critical illness and supplementary insurance together (rule E3).
{{ config(materialized='view') }}

select
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    settled_at,
    region_code,
    insurance_type,
    assistance_category,
    is_reversal,
    valid_from,
    eligible_expense,
    accumulated_before,
    accumulated_after,
    payable_before,
    payable_after,
    deductible,
    deductible_remaining,
    limit_basis,
    annual_limit,
    status_rank,
    payout_limit,
    -- Everyone insured in the pool is covered by its critical illness scheme.
    'covered' as cover_status
from {{ ref('int_payable') }}

union all

select
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    settled_at,
    region_code,
    insurance_type,
    assistance_category,
    is_reversal,
    valid_from,
    eligible_expense,
    accumulated_before,
    accumulated_after,
    payable_before,
    payable_after,
    deductible,
    deductible_remaining,
    limit_basis,
    annual_limit,
    status_rank,
    payout_limit,
    cover_status
from {{ ref('int_supplementary_payable') }}
