-- Rows of psn_insu_d that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('psn_insu_d', ref('base_insurance_spell')) }}") }}

{% set joins -%}
left join {{ ref('dim_region') }} as region on delivered.insu_admdvs = region.region_code
    left join {{ ref('int_pool_insurance_type') }} as insurance
        on
            delivered.insutype = insurance.insutype
            and coalesce(region.pool_region_code, '') = insurance.pool_region_code
{%- endset %}

{{ rejects('psn_insu_d', ref('base_insurance_spell'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.psn_insu_rlts_id is null'},
    {'code': 'Q02 missing_person', 'when': 'delivered.psn_no is null'},
    bad_value_reason(),
    {
        'code': 'Q04 bad_value',
        'when': "delivered.crt_insu_date is null and coalesce(delivered.parse_errors, '') not like '%crt_insu_date %'",
        'detail': "'crt_insu_date is blank'",
    },
    {
        'code': 'Q06 unknown_region',
        'when': 'region.pool_region_code is null',
        'detail': "coalesce(delivered.insu_admdvs, 'blank')",
    },
    {
        'code': 'Q07 unknown_insurance_type',
        'when': 'insurance.insutype is null',
        'detail': "coalesce(delivered.insutype, 'blank')",
    },
], joins) }}
