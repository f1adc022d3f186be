-- Fee lines in force of a sample of settlements, at most a million, for the checks that hold lines against settlements.
{{ config(enabled=can_keep_years(), materialized=grown_table(), pre_hook="{{ keep_sample('fee_list_d') }}") }}
{%- set one_in = sampled_one_in() %}

select
    delivered.bkkp_sn,
    delivered.setl_id,
    delivered.det_item_fee_sumamt,
    delivered.fulamt_ownpay_amt,
    delivered.parse_errors,
    {{ one_in }} as one_in
from {{ ref('base_fee_line') }} as delivered
where
    delivered.setl_id is not null
    and coalesce(delivered.vali_flag, '1') = '1'
    and {{ is_added_to_sample('fee_list_d', one_in) }}
