{#- The raw tables and the name that each has in staging. -#}
{%- macro raw_tables() -%}
    {{- return({
        'setl_d': 'settlement',
        'fee_list_d': 'fee_line',
        'mdtrt_d': 'visit',
        'psn_info_b': 'person',
        'psn_insu_d': 'insurance_spell',
        'psn_idet_d': 'identity_spell',
        'supp_enrl_d': 'supplementary_enrolment',
        'fund_txn_d': 'fund_transaction',
        'fixmedins_b': 'institution',
        'refl_appy_evt_c': 'referral',
    }) -}}
{%- endmacro -%}


{#- The columns that make the key of a row of each (rule A2). -#}
{%- macro raw_keys() -%}
    {{- return({
        'setl_d': ['setl_id'],
        'fee_list_d': ['bkkp_sn', 'setl_id'],
        'mdtrt_d': ['mdtrt_id'],
        'psn_info_b': ['psn_no'],
        'psn_insu_d': ['psn_insu_rlts_id'],
        'psn_idet_d': ['psn_no', 'psn_idet_type', 'begntime'],
        'supp_enrl_d': ['enrl_id'],
        'fund_txn_d': ['txn_id'],
        'fixmedins_b': ['fixmedins_code'],
        'refl_appy_evt_c': ['evtsn'],
    }) -}}
{%- endmacro -%}
