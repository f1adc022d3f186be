-- Movements of the funds' money that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.txn_id as transaction_id,
    delivered.scheme_id,
    delivered.insu_admdvs as insured_region_code,
    delivered.insutype,
    delivered.benefit_year,
    delivered.txn_date as moved_on,
    delivered.txn_type as transaction_type,
    coalesce(delivered.amount, 0) as amount
from {{ ref('base_fund_transaction') }} as delivered
where {{ is_accepted(ref('reject_fund_transaction')) }}
