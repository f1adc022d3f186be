-- Rows of fund_txn_d that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('fund_txn_d', ref('base_fund_transaction')) }}") }}

{% set joins -%}
left join {{ ref('dim_region') }} as region on delivered.insu_admdvs = region.region_code
    left join (
        select
            scheme_id,
            max(pool_region_code) as pool_region_code
        from {{ ref('scheme') }}
        group by scheme_id
    ) as scheme on delivered.scheme_id = scheme.scheme_id
    left join {{ ref('int_pool_insurance_type') }} as insurance
        on
            delivered.insutype = insurance.insutype
            and coalesce(region.pool_region_code, scheme.pool_region_code, '') = insurance.pool_region_code
{%- endset %}

{{ rejects('fund_txn_d', ref('base_fund_transaction'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.txn_id is null'},
    bad_value_reason(),
    {
        'code': 'Q04 bad_value',
        'when': "delivered.txn_date is null and coalesce(delivered.parse_errors, '') not like '%txn_date %'",
        'detail': "'txn_date is blank'",
    },
    {
        'code': 'Q04 bad_value',
        'when': "delivered.amount is null and coalesce(delivered.parse_errors, '') not like '%amount %'",
        'detail': "'amount is blank'",
    },
    {
        'code': 'Q04 bad_value',
        'when': "delivered.benefit_year is null and coalesce(delivered.parse_errors, '') not like '%benefit_year %'",
        'detail': "'benefit_year is blank'",
    },
    {
        'code': 'Q06 unknown_region',
        'when': 'delivered.insu_admdvs is not null and region.pool_region_code is null',
        'detail': 'delivered.insu_admdvs',
    },
    {
        'code': 'Q07 unknown_insurance_type',
        'when': 'delivered.insutype is not null and insurance.insutype is null',
        'detail': 'delivered.insutype',
    },
], joins) }}
