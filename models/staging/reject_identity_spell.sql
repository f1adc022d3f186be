-- Rows of psn_idet_d that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('psn_idet_d', ref('base_identity_spell')) }}") }}

{% set joins -%}
left join {{ ref('dim_region') }} as region on delivered.insu_admdvs = region.region_code
{%- endset %}

{{ rejects('psn_idet_d', ref('base_identity_spell'), [
    {
        'code': 'Q01 missing_key',
        'when': "delivered.psn_no is null or delivered.psn_idet_type is null or (delivered.begntime is null"
            ~ " and coalesce(delivered.parse_errors, '') not like '%begntime %')",
    },
    {'code': 'Q02 missing_person', 'when': 'delivered.psn_no is null'},
    bad_value_reason(),
    {
        'code': 'Q06 unknown_region',
        'when': 'delivered.insu_admdvs is not null and region.pool_region_code is null',
        'detail': 'delivered.insu_admdvs',
    },
], joins) }}
