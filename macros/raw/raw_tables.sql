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
