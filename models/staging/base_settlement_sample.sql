-- Delivered rows of a sample of settlements, which checks hold against the fee lines of the same settlements.
{{ config(enabled=can_keep_years(), materialized=grown_table(), pre_hook="{{ keep_sample('setl_d') }}") }}
{%- set one_in = sampled_one_in() %}

select
    delivered.setl_id,
    delivered.vali_flag,
    delivered.medfee_sumamt,
    delivered.fulamt_ownpay_amt,
    delivered.parse_errors,
    {{ one_in }} as one_in
from {{ ref('base_settlement') }} as delivered
where {{ is_added_to_sample('setl_d', one_in) }}
