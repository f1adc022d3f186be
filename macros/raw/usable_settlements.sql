{#- One row per usable settlement or reversal, under project names (rules A1 to A3, A6); of those only that meet a
    condition on the row as it is delivered, `delivered`. -#}
{%- macro usable_settlements(condition=none) -%}
select
    delivered.setl_id as settlement_id,
    delivered.mdtrt_id as visit_id,
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    -- A reversal takes back from where its original went, whatever its own row says (rule A3).
    coalesce(verdicts.root_insutype, delivered.insutype) as insutype,
    delivered.psn_type as person_type,
    delivered.fixmedins_code as institution_code,
    delivered.fix_blng_admdvs as institution_region_code,
    delivered.hosp_lv as hospital_level,
    delivered.pay_loc as settlement_place,
    coalesce(verdicts.root_med_type, delivered.med_type) as med_type,
    delivered.begndate as started_on,
    delivered.enddate as ended_on,
    delivered.setl_time as settled_at,
    coalesce(delivered.medfee_sumamt, 0) as total_cost,
    coalesce(delivered.fulamt_ownpay_amt, 0) as own_expense,
    coalesce(delivered.overlmt_selfpay, 0) as over_limit,
    coalesce(delivered.inscp_amt, 0) as inside_policy,
    coalesce(delivered.act_pay_dedc, 0) as hospital_deductible,
    coalesce(delivered.hifp_pay, 0) as basic_paid,
    coalesce(delivered.cvlserv_pay, 0) as civil_servant_paid,
    coalesce(delivered.hifes_pay, 0) as enterprise_paid,
    coalesce(delivered.hifmi_pay, 0) as resident_cii_recorded,
    coalesce(delivered.hifob_pay, 0) as employee_cii_recorded,
    coalesce(delivered.hifdm_pay, 0) as disabled_fund_paid,
    coalesce(delivered.maf_pay, 0) as medical_aid_recorded,
    coalesce(delivered.othfund_pay, 0) as other_fund_paid,
    coalesce(delivered.fund_pay_sumamt, 0) as fund_total,
    coalesce(delivered.psn_pay, 0) as person_paid,
    coalesce(delivered.acct_pay, 0) as account_paid,
    coalesce(delivered.cash_payamt, 0) as cash_paid,
    coalesce(delivered.ownpay_hosp_part, 0) as hospital_paid,
    case when verdicts.root_id is null then delivered.dise_no else verdicts.root_dise_no end as disease_code,
    delivered.dise_name as disease_name,
    coalesce(delivered.preselfpay_amt, 0) - coalesce(delivered.trafout_preselfpay_amt, 0) as class_b_self_pay,
    coalesce(delivered.trafout_preselfpay_amt, 0) as transfer_self_pay,
    coalesce(verdicts.root_insu_admdvs, delivered.insu_admdvs) as insured_region_code,
    verdicts.root_id is not null as is_reversal,
    verdicts.original_id as reversed_settlement_id,
    coalesce(verdicts.root_id, delivered.setl_id) as root_settlement_id,
    coalesce(verdicts.root_time, delivered.setl_time) as root_settled_at,
    case when verdicts.root_id is null then delivered.enddate else verdicts.root_enddate end as root_ended_on,
    delivered.source_file
from {{ ref('base_settlement') }} as delivered
left join {{ ref('reversal_verdict') }} as verdicts on delivered.row_id = verdicts.row_id
where
    {{ is_accepted(ref('reject_settlement')) }}
    and {{ is_in_built_files('setl_d') }}
    {%- if condition %}
    and {{ condition }}
    {%- endif %}
{%- endmacro -%}
