-- Fee lines that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.bkkp_sn as line_number,
    delivered.setl_id as settlement_id,
    delivered.fee_ocur_time as charged_at,
    delivered.cnt as quantity,
    delivered.pric as unit_price,
    coalesce(delivered.det_item_fee_sumamt, 0) as line_cost,
    coalesce(delivered.fulamt_ownpay_amt, 0) as own_expense,
    coalesce(delivered.overlmt_selfpay, 0) as over_limit,
    coalesce(delivered.preselfpay_amt, 0) as pre_self_pay,
    coalesce(delivered.inscp_amt, 0) as inside_policy,
    delivered.med_list_codg as item_code,
    delivered.hilist_name as item_name,
    delivered.lmt_used_flag as restricted_use_flag,
    delivered.hi_nego_drug_flag as negotiated_drug_flag,
    delivered.prcu_drug_flag as procured_drug_flag,
    delivered.init_feedetl_sn as reversed_line_number,
    case
        when delivered.list_type in ('101', '102', '103') then 'drug'
        when delivered.list_type = '201' then 'service'
        when delivered.list_type = '301' then 'material'
    end as item_type,
    delivered.chrgitm_lv in ('01', '02', '1', '2', '1.0', '2.0', '甲', '乙', '甲类', '乙类') as is_inside_catalogue,
    delivered.source_file
from {{ ref('base_fee_line') }} as delivered
where
    {{ is_accepted(ref('reject_fee_line')) }}
    and {{ is_in_built_files('fee_list_d') }}
