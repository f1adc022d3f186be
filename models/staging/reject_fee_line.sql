-- Rows of fee_list_d that are not used, each with its status and why (rules A1, A2, A6).
{{ config(materialized=grown_table(), pre_hook="{{ keep_rows('fee_list_d', ref('base_fee_line')) }}") }}

{{ rejects('fee_list_d', ref('base_fee_line'), [
    {'code': 'Q01 missing_key', 'when': 'delivered.bkkp_sn is null or delivered.setl_id is null'},
    bad_value_reason(),
    {
        'code': 'Q04 bad_value',
        'when': "delivered.det_item_fee_sumamt is null and coalesce(delivered.parse_errors, '') not like '%det_item_fee_sumamt %'",
        'detail': "'det_item_fee_sumamt is blank'",
    },
], known=known_lines()) }}
