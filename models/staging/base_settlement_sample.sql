-- Delivered rows of the settlements of the sample of fee lines, which checks hold against these lines.
{{ config(enabled=can_keep_years()) }}

select
    delivered.setl_id,
    delivered.vali_flag,
    delivered.medfee_sumamt,
    delivered.fulamt_ownpay_amt,
    delivered.parse_errors
from {{ ref('base_settlement') }} as delivered
where delivered.setl_id in (select lines.setl_id from {{ ref('base_fee_line_sample') }} as lines)
