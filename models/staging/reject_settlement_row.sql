-- Rows of setl_d that are not used, but for reversals that do not fit their original (reversal_verdict).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('setl_d', ref('base_settlement')) }}") }}

{% set joins -%}
left join {{ ref('dim_region') }} as region on delivered.insu_admdvs = region.region_code
    left join {{ ref('int_pool_insurance_type') }} as insurance
        on
            delivered.insutype = insurance.insutype
            and coalesce(region.pool_region_code, '') = insurance.pool_region_code
    left join {{ ref('int_pool_care_type') }} as care
        on
            delivered.med_type = care.med_type
            and coalesce(region.pool_region_code, '') = care.pool_region_code
{%- endset %}

{{ rejects('setl_d', ref('base_settlement'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.setl_id is null'},
    {'code': 'Q02 missing_person', 'when': 'delivered.psn_no is null'},
    {
        'code': 'Q03 missing_settlement_time',
        'when': "delivered.setl_time is null and coalesce(delivered.parse_errors, '') not like '%setl_time %'",
    },
    bad_value_reason(),
    {
        'code': 'Q05 negative_total',
        'when': "delivered.medfee_sumamt < 0 and coalesce(nullif(delivered.init_setl_id, delivered.setl_id), '') = ''",
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
    {
        'code': 'Q08 unknown_care_type',
        'when': 'care.med_type is null',
        'detail': "coalesce(delivered.med_type, 'blank')",
    },
], joins, known_settlements()) }}
