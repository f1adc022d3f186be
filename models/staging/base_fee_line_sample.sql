-- Fee lines in force of a sample of settlements, about a million lines, for the checks that hold lines against settlements.
{{ config(enabled=can_keep_years()) }}

with

lines as (

    select * from {{ ref('base_fee_line') }}

),

sampling as (

    select {{ whole_quotient('count(*)', 1000000) }} + 1 as one_in
    from lines

)

select
    lines.bkkp_sn,
    lines.setl_id,
    lines.det_item_fee_sumamt,
    lines.fulamt_ownpay_amt,
    lines.parse_errors
from lines
where
    lines.setl_id is not null
    and coalesce(lines.vali_flag, '1') = '1'
    and {{ is_one_in('(select one_in from sampling)', 'lines', ['setl_id']) }}
