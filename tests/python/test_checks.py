"""The border checks: every check holds on good data, every check fails on a planted fault and names it."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from dabing import checks
from dabing.checks import BorderError, CanaryError, CheckResult, Earlier


def _columns(**names: str) -> dict[str, str]:
    """Columns by type: ``money`` stands for an amount."""
    return {
        name: "decimal(18, 2)" if kind == "money" else kind for kind, listed in names.items() for name in listed.split()
    }


def _row(text: str) -> dict[str, object]:
    """A row written as ``column=value column=value``; DuckDB casts the values."""
    return dict(pair.split("=", 1) for pair in text.split())


# Only the columns that the suites read: a suite that asks for more fails on them.
RAW_COMMON = _columns(varchar="vali_flag rid source_file parse_errors", timestamp="updt_time")
COLUMNS: dict[str, dict[str, str]] = {
    "staging.base_settlement": RAW_COMMON
    | _columns(
        varchar="""
            setl_id init_setl_id psn_no insu_admdvs fixmedins_code hosp_lv pay_loc refd_setl_flag dise_no
        """,
        date="begndate enddate",
        timestamp="setl_time",
        money="""
            medfee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt trafout_preselfpay_amt inscp_amt hifp_pay
            cvlserv_pay hifes_pay hifmi_pay hifob_pay hifdm_pay maf_pay othfund_pay fund_pay_sumamt psn_pay acct_pay
            cash_payamt ownpay_hosp_part
        """,
    ),
    "staging.base_fee_line": RAW_COMMON
    | _columns(
        varchar="bkkp_sn setl_id chrgitm_lv list_type med_list_codg",
        timestamp="fee_ocur_time",
        money="det_item_fee_sumamt fulamt_ownpay_amt",
    ),
    "staging.base_fee_line_sample": _columns(
        varchar="bkkp_sn setl_id parse_errors", money="det_item_fee_sumamt fulamt_ownpay_amt"
    ),
    "staging.base_settlement_sample": _columns(
        varchar="setl_id vali_flag parse_errors", money="medfee_sumamt fulamt_ownpay_amt"
    ),
    "staging.base_visit": RAW_COMMON
    | _columns(varchar="mdtrt_id dscg_maindiag_code", timestamp="begntime endtime", date="die_date"),
    "staging.base_person": RAW_COMMON | _columns(varchar="psn_no psn_name gend psn_cert_type certno", date="brdy"),
    "staging.base_insurance_spell": RAW_COMMON
    | _columns(varchar="psn_insu_rlts_id psn_no psn_insu_stas", date="crt_insu_date paus_insu_date"),
    "staging.base_identity_spell": RAW_COMMON
    | _columns(varchar="psn_no psn_idet_type insu_admdvs", timestamp="begntime endtime"),
    "staging.base_supplementary_enrolment": RAW_COMMON
    | _columns(
        varchar="enrl_id channel payer event",
        integer="cover_year",
        timestamp="paid_time",
        money="premium_amt",
        date="event_date",
    ),
    "staging.base_fund_transaction": RAW_COMMON
    | _columns(
        varchar="txn_id scheme_id insu_admdvs txn_type", integer="benefit_year", date="txn_date", money="amount"
    ),
    "staging.base_institution": RAW_COMMON | _columns(varchar="fixmedins_code fixmedins_name fixmedins_type hosp_lv"),
    "staging.base_referral": RAW_COMMON
    | _columns(varchar="evtsn psn_no fixmedins_code reflin_medins_no", date="refl_date begndate enddate"),
    "benefits.fct_claim_expense": _columns(
        varchar="settlement_id person_key region_code insurance_type care_type",
        integer="benefit_year",
        timestamp="settled_at",
        boolean="is_reversal",
        money="""
            total_cost basic_paid coinsurance class_b_self_pay transfer_self_pay over_limit own_expense restricted_use
            own_expense_drug own_expense_service own_expense_material own_expense_unclassified unexplained_cost
        """,
    ),
    "benefits.fct_payout": _columns(
        varchar="""
            settlement_id scheme_id person_key region_code insurance_type assistance_category cover_status
            parameter_status
        """,
        integer="benefit_year",
        timestamp="settled_at",
        boolean="is_reversal",
        money="""
            eligible_expense accumulated_before accumulated_after payable_before payable_after payout_amount deductible
            annual_limit
        """,
    ),
    "benefits.fct_payout_tier": _columns(
        varchar="settlement_id scheme_id", integer="tier_no", money="tier_expense tier_payout"
    )
    | {"rate": "decimal(6, 4)"},
    "benefits.fct_accumulator_year": _columns(
        varchar="person_key scheme_id",
        integer="benefit_year",
        money="eligible_expense payable_expense payout_amount deductible_remaining annual_limit limit_remaining",
    ),
    "benefits.fct_cover_span": _columns(
        varchar="person_key scheme_id channel",
        integer="cover_year",
        date="covered_from covered_to starts_on",
    ),
    "benefits.fct_burden": _columns(
        varchar="settlement_id parameter_status",
        boolean="is_reversal",
        money="""
            total_cost basic_paid critical_illness_paid supplementary_paid medical_aid_paid other_paid relief_paid
            out_of_pocket capped_amount
        """,
    ),
    "benefits.fct_burden_year": _columns(
        varchar="person_key",
        integer="benefit_year",
        money="""
            total_cost basic_paid critical_illness_paid supplementary_paid medical_aid_paid other_paid relief_paid
            out_of_pocket
        """,
    ),
    "benefits.fct_payout_variance": _columns(
        varchar="settlement_id scheme_id cause",
        integer="benefit_year",
        money="recorded_amount computed_amount variance",
    ),
    "policy.dim_scheme": _columns(varchar="scheme_id scheme_kind"),
    "policy.int_pool_identity": _columns(varchar="pool_region_code psn_idet_type"),
    "policy_seed.scheme": _columns(varchar="scheme_id pool_region_code"),
    "shared.dim_region": _columns(varchar="region_code pool_region_code"),
    "funds.fct_fund_year": _columns(
        varchar="scheme_id region_code insurance_type",
        integer="benefit_year insured_heads",
        money="payout_amount payout_posted_amount income_amount",
    ),
    "funds.fund_year_by_region": _columns(
        varchar="scheme_id region_level region_code insurance_type",
        integer="benefit_year",
        money="""
            opening_balance_amount income_amount interest_amount payout_amount service_fee_amount
            borne_by_insurers_amount balance_amount
        """,
    ),
    "funds.fct_fund_month": _columns(
        varchar="scheme_id region_code insurance_type",
        date="month_start",
        money="payout_amount payout_of_year_amount payout_of_other_years_amount",
    ),
    "funds.fct_fund_true_up": _columns(
        varchar="scheme_id region_code insurance_type transfer_status",
        integer="benefit_year",
        money="""
            transfer_due_amount transfer_by_due_amount transfer_late_amount transfer_outstanding_amount
            true_up_due_amount true_up_by_due_amount true_up_late_amount true_up_outstanding_amount
        """,
    ),
    "funds.fct_fund_quarter_plan": _columns(
        varchar="scheme_id region_code insurance_type",
        date="quarter_start",
        money="planned_amount payout_amount difference_amount",
    ),
    "funds.fct_fund_corridor": _columns(
        varchar="scheme_id insurance_line outcome",
        integer="benefit_year",
        money="""
            income_amount payout_amount service_fee_amount margin_amount insurer_amount fund_amount negotiated_amount
        """,
    ),
    "funds.fct_fund_cycle": _columns(
        varchar="scheme_id",
        integer="benefit_year",
        money="opening_balance_amount income_amount interest_amount payout_amount service_fee_amount balance_amount",
    )
    | {"is_loss_ratio_met": "boolean"},
    "funds.fct_insurer_result": _columns(
        varchar="scheme_id insurance_line insurer", integer="first_year last_year", money="result_amount"
    )
    | {"share": "decimal(6, 4)"},
    "funds.fct_participation": _columns(
        varchar="scheme_id region_code enrolment_group",
        integer="benefit_year",
        bigint="insured_heads enrolled_heads not_enrolled_heads subsidised_heads",
    ),
    "funds.fct_cost_per_head": _columns(
        varchar="scheme_id region_code insurance_type age_band",
        integer="benefit_year",
        bigint="insured_heads persons_paid cases_paid",
    ),
    "funds.fct_claim_triangle": _columns(
        varchar="scheme_id insurance_type",
        date="service_month",
        integer="development_month",
        money="payout_amount cumulative_amount",
    ),
    "funds.fct_completion_factor": _columns(varchar="scheme_id insurance_type", integer="development_month")
    | {"completion_factor": "decimal(18, 6)"},
    "funds.fct_balancing_standard": _columns(
        varchar="scheme_id scenario_id",
        integer="benefit_year",
        bigint="insured_heads",
        money="""
            income_amount interest_amount payout_amount service_fee_amount result_amount balancing_standard
        """,
    ),
    "quality.load_audit": _columns(
        varchar="raw_table source_file", bigint="delivered accepted superseded void quarantined"
    ),
    "quality.quarantine": _columns(varchar="raw_table source_file"),
    "policy.benefit_schedule": _columns(
        varchar="scheme_id insurance_type assistance_category document_id article",
        date="valid_from",
        integer="tier_no",
    )
    | {"rate": "decimal(6, 4)"},
    "policy.fct_scenario": _columns(
        varchar="scenario_id scheme_id region_code assistance_category parameter_status",
        integer="benefit_year",
        bigint="persons persons_paid enacted_persons enacted_persons_paid",
        money="payout_amount enacted_payout_amount payout_difference",
    ),
    "oversight.poverty_risk_watchlist": _columns(
        varchar="person_key watch_status",
        integer="risk_level peak_level",
        date="first_passed_on level_2_passed_on level_3_passed_on resolved_on observed_on",
    ),
    "oversight.relief_case": _columns(
        varchar="person_key", integer="benefit_year", money="borne_amount relief_amount borne_after_relief"
    ),
    "oversight.enrolment_gap": _columns(
        varchar="person_key gap_kind region_code", date="gap_from gap_to", bigint="case_count", money="amount"
    ),
    "oversight.claim_review_flag": _columns(varchar="rule_no severity settlement_id evidence", bigint="finding_count"),
    "oversight.claim_review_month": _columns(
        varchar="institution_code rule_no", integer="settled_month", bigint="flag_count settlement_count"
    ),
    "oversight.institution_own_expense": _columns(
        varchar="institution_code",
        integer="benefit_year",
        boolean="is_above_ceiling",
        money="aided_total_cost aided_own_expense",
    )
    | dict.fromkeys(
        ("own_expense_ceiling", "catalogue_share", "negotiated_drug_share", "procured_drug_share"), "decimal(18, 4)"
    ),
    "oversight.disease_ranking": _columns(
        varchar="area_level region_code pool_region_code period_kind person_group disease_code",
        integer="period",
        bigint="persons",
        money="total_cost",
    ),
    "oversight.institution_ranking": _columns(
        varchar="area_level region_code pool_region_code period_kind person_group institution_code",
        integer="period",
        bigint="persons",
        money="total_cost",
    ),
    "oversight.item_ranking": _columns(
        varchar="area_level region_code pool_region_code period_kind person_group item_type item_code",
        integer="period",
        bigint="persons",
        money="total_cost",
    ),
    "oversight.visit_flow": _columns(
        varchar="pool_region_code home_region_code care_region_code",
        integer="settled_month",
        bigint="visit_count referred_visit_count aided_visit_count",
        money="total_cost referred_total_cost aided_total_cost",
    ),
    "oversight.tilt_and_deposit": _columns(
        varchar="settlement_id measure", money="borne_before borne_after tilt_amount"
    ),
    "oversight.fund_warning": _columns(
        varchar="scheme_id region_code insurance_type warning_level",
        integer="benefit_year posted_month month_of_year",
        money="payout_to_date_amount",
    ),
    "oversight.annual_disclosure": _columns(
        varchar="scheme_id section row_code column_code measure unit", integer="benefit_year", boolean="is_withheld"
    )
    | {"disclosed_value": "decimal(18, 4)"},
}
CHECK_RESULT = """
create table quality.check_result (
    run_id varchar, checked_at timestamp, suite varchar, table_name varchar, check_name varchar, rule varchar,
    severity varchar, success boolean, failing_rows bigint, examples varchar, message varchar
)
"""

RAW_ROW = _row("vali_flag=1 rid=1 updt_time=2022-01-01T00:00:00 source_file=part.csv")
GOOD: dict[str, dict[str, object]] = {
    "staging.base_settlement": RAW_ROW
    | _row("""
        setl_id=S1 psn_no=P1 insu_admdvs=330381 fixmedins_code=H1 hosp_lv=05 pay_loc=2 refd_setl_flag=0 dise_no=J18
        begndate=2021-03-01 enddate=2021-03-09 setl_time=2021-03-09T10:00:00
        medfee_sumamt=1000 fulamt_ownpay_amt=100 overlmt_selfpay=10 preselfpay_amt=90 trafout_preselfpay_amt=20
        inscp_amt=800 hifp_pay=500 hifmi_pay=50 maf_pay=5 fund_pay_sumamt=555 psn_pay=444 acct_pay=44 cash_payamt=400
        ownpay_hosp_part=1
    """),
    "staging.base_fee_line": RAW_ROW
    | _row("""
        bkkp_sn=L1 setl_id=S1 chrgitm_lv=01 list_type=101 med_list_codg=X1 fee_ocur_time=2021-03-02
        det_item_fee_sumamt=1000 fulamt_ownpay_amt=100
    """),
    "staging.base_fee_line_sample": _row("bkkp_sn=L1 setl_id=S1 det_item_fee_sumamt=1000 fulamt_ownpay_amt=100"),
    "staging.base_settlement_sample": _row("setl_id=S1 vali_flag=1 medfee_sumamt=1000 fulamt_ownpay_amt=100"),
    "staging.base_visit": RAW_ROW
    | _row("mdtrt_id=M1 dscg_maindiag_code=J18 begntime=2021-03-01 endtime=2021-03-09 die_date=2021-03-09"),
    "staging.base_person": RAW_ROW
    | _row("psn_no=P1 psn_name=王一 gend=1 psn_cert_type=01 certno=33030119600101123X brdy=1960-01-01"),
    "staging.base_insurance_spell": RAW_ROW
    | _row("psn_insu_rlts_id=R1 psn_no=P1 psn_insu_stas=1 crt_insu_date=2010-01-01"),
    "staging.base_identity_spell": RAW_ROW
    | _row("psn_no=P1 psn_idet_type=7131 insu_admdvs=330381 begntime=2020-01-01 endtime=2021-01-01"),
    "staging.base_supplementary_enrolment": RAW_ROW
    | _row("""
        enrl_id=E1 channel=subsidised payer=county event=newborn event_date=2021-01-02 cover_year=2021
        paid_time=2021-01-03 premium_amt=100
    """),
    "staging.base_fund_transaction": RAW_ROW
    | _row("""
        txn_id=T1 scheme_id=wenzhou_cii insu_admdvs=330381 txn_type=transfer_in benefit_year=2021 txn_date=2021-09-01
        amount=850
    """),
    "staging.base_institution": RAW_ROW
    | _row("fixmedins_code=H1 fixmedins_name=第一人民医院（东院） fixmedins_type=1 hosp_lv=05"),
    "staging.base_referral": RAW_ROW
    | _row("""
        evtsn=V1 psn_no=P1 fixmedins_code=H1 reflin_medins_no=H2 refl_date=2021-02-01 begndate=2021-02-01
        enddate=2021-03-01
    """),
    "benefits.fct_claim_expense": _row("""
        settlement_id=S1 person_key=K1 region_code=330381 insurance_type=resident care_type=inpatient benefit_year=2021
        settled_at=2021-03-09T10:00:00 is_reversal=false total_cost=1000 basic_paid=500 coinsurance=300
        class_b_self_pay=70 transfer_self_pay=20 over_limit=10 own_expense=100 own_expense_drug=40
        own_expense_service=30 own_expense_material=20 restricted_use=10 own_expense_unclassified=0 unexplained_cost=0
    """),
    "benefits.fct_payout": _row("""
        settlement_id=S1 scheme_id=wenzhou_cii person_key=K1 region_code=330381 insurance_type=resident
        assistance_category=none cover_status=covered parameter_status=enacted benefit_year=2021
        settled_at=2021-03-09T10:00:00 is_reversal=false eligible_expense=300 accumulated_before=0
        accumulated_after=300 payable_before=0 payable_after=200 payout_amount=140 deductible=100 annual_limit=1000
    """),
    "benefits.fct_payout_tier": _row("""
        settlement_id=S1 scheme_id=wenzhou_cii tier_no=1 rate=0.7000 tier_expense=200 tier_payout=140
    """),
    "benefits.fct_accumulator_year": _row("""
        person_key=K1 scheme_id=wenzhou_cii benefit_year=2021 eligible_expense=300 payable_expense=200
        payout_amount=140 deductible_remaining=0 annual_limit=1000 limit_remaining=860
    """),
    "benefits.fct_cover_span": _row("""
        person_key=K1 scheme_id=lishui_supplementary channel=own cover_year=2021 covered_from=2021-04-01
        covered_to=2022-01-01 starts_on=2021-04-01
    """),
    "benefits.fct_burden": _row("""
        settlement_id=S1 parameter_status=enacted is_reversal=false total_cost=1000 basic_paid=500
        critical_illness_paid=140 supplementary_paid=60 medical_aid_paid=50 other_paid=40 relief_paid=10
        out_of_pocket=200 capped_amount=0
    """),
    "benefits.fct_burden_year": _row("""
        person_key=K1 benefit_year=2021 total_cost=1000 basic_paid=500 critical_illness_paid=140 supplementary_paid=60
        medical_aid_paid=50 other_paid=40 relief_paid=10 out_of_pocket=200
    """),
    "benefits.fct_payout_variance": _row("""
        settlement_id=S1 scheme_id=wenzhou_cii cause=none benefit_year=2021 recorded_amount=140 computed_amount=140
        variance=0
    """),
    "policy.dim_scheme": _row("scheme_id=wenzhou_cii scheme_kind=critical_illness"),
    "policy.int_pool_identity": _row("pool_region_code=330300 psn_idet_type=7131"),
    "policy_seed.scheme": _row("scheme_id=wenzhou_cii pool_region_code=330300"),
    "shared.dim_region": _row("region_code=330381 pool_region_code=330300"),
    "funds.fct_fund_year": _row("""
        scheme_id=wenzhou_cii region_code=330381 insurance_type=resident benefit_year=2021 payout_amount=140
        payout_posted_amount=140 income_amount=850 insured_heads=10
    """),
    "funds.fund_year_by_region": _row("""
        scheme_id=wenzhou_cii region_level=city region_code=330300 insurance_type=resident benefit_year=2021
        opening_balance_amount=100 income_amount=850 interest_amount=5 payout_amount=140 service_fee_amount=15
        borne_by_insurers_amount=0 balance_amount=800
    """),
    "funds.fct_fund_month": _row("""
        scheme_id=wenzhou_cii region_code=330381 insurance_type=resident month_start=2021-03-01 payout_amount=140
        payout_of_year_amount=150 payout_of_other_years_amount=-10
    """),
    "funds.fct_fund_true_up": _row("""
        scheme_id=wenzhou_cii region_code=330381 insurance_type=resident benefit_year=2021 transfer_status=on_time
        transfer_due_amount=850 transfer_by_due_amount=850 transfer_late_amount=0 transfer_outstanding_amount=0
        true_up_due_amount=85 true_up_by_due_amount=0 true_up_late_amount=80 true_up_outstanding_amount=5
    """),
    "funds.fct_fund_quarter_plan": _row("""
        scheme_id=wenzhou_cii region_code=330381 insurance_type=resident quarter_start=2021-04-01 planned_amount=100
        payout_amount=140 difference_amount=40
    """),
    "funds.fct_fund_corridor": _row("""
        scheme_id=jilin_cii insurance_line=rural benefit_year=2016 outcome=shared income_amount=1000 payout_amount=930
        service_fee_amount=30 margin_amount=40 insurer_amount=12 fund_amount=28 negotiated_amount=0
    """),
    "funds.fct_fund_cycle": _row("""
        scheme_id=lishui_supplementary benefit_year=2021 opening_balance_amount=100 income_amount=850 interest_amount=5
        payout_amount=840 service_fee_amount=15 balance_amount=100 is_loss_ratio_met=true
    """),
    "funds.fct_insurer_result": _row("""
        scheme_id=jilin_cii insurance_line=rural insurer=a first_year=2016 last_year=2016 share=0.5000 result_amount=20
    """),
    "funds.fct_participation": _row("""
        scheme_id=lishui_supplementary region_code=331102 benefit_year=2021 enrolment_group=all insured_heads=10
        enrolled_heads=8 not_enrolled_heads=2 subsidised_heads=1
    """),
    "funds.fct_cost_per_head": _row("""
        scheme_id=wenzhou_cii region_code=330381 insurance_type=resident age_band=60-69 benefit_year=2021
        insured_heads=10 persons_paid=1 cases_paid=2
    """),
    "funds.fct_claim_triangle": _row("""
        scheme_id=wenzhou_cii insurance_type=resident service_month=2021-03-01 development_month=0 payout_amount=140
        cumulative_amount=140
    """),
    "funds.fct_completion_factor": _row("""
        scheme_id=wenzhou_cii insurance_type=resident development_month=12 completion_factor=1
    """),
    "funds.fct_balancing_standard": _row("""
        scheme_id=wenzhou_cii benefit_year=2021 scenario_id=enacted insured_heads=10 income_amount=850 interest_amount=5
        payout_amount=140 service_fee_amount=0 result_amount=715 balancing_standard=13.50
    """),
    "quality.load_audit": _row("""
        raw_table=setl_d source_file=part.csv delivered=40 accepted=1 superseded=37 void=1 quarantined=1
    """),
    "quality.quarantine": _row("raw_table=setl_d source_file=part.csv"),
    "policy.benefit_schedule": _row("""
        scheme_id=wenzhou_cii insurance_type=all assistance_category=none valid_from=2021-01-01 tier_no=1 rate=0.7000
        document_id=wenzhou_2021 article=2
    """),
    "policy.fct_scenario": _row("""
        scenario_id=low scheme_id=wenzhou_cii region_code=330381 assistance_category=none benefit_year=2021
        parameter_status=illustrative persons=1 persons_paid=1 enacted_persons=1 enacted_persons_paid=1
        payout_amount=150 enacted_payout_amount=140 payout_difference=10
    """),
    "oversight.poverty_risk_watchlist": _row("""
        person_key=K1 watch_status=open risk_level=2 peak_level=3 first_passed_on=2021-03-05
        level_2_passed_on=2021-04-05 level_3_passed_on=2021-05-05 observed_on=2021-12-31
    """),
    "oversight.relief_case": _row("""
        person_key=K1 benefit_year=2021 borne_amount=210 relief_amount=10 borne_after_relief=200
    """),
    "oversight.enrolment_gap": _row("""
        person_key=K1 gap_kind=aided_not_paid_as_aided region_code=330381 gap_from=2021-01-01 gap_to=2022-01-01
        case_count=1 amount=100
    """),
    "oversight.claim_review_flag": _row("rule_no=R01 severity=high settlement_id=S1 finding_count=1")
    | {"evidence": "stay from 2021-03-01 begins before S0 ends"},
    "oversight.claim_review_month": _row("""
        institution_code=H1 settled_month=202103 rule_no=R01 flag_count=1 settlement_count=10
    """),
    "oversight.institution_own_expense": _row("""
        institution_code=H1 benefit_year=2021 aided_total_cost=1000 aided_own_expense=160 own_expense_ceiling=0.15
        is_above_ceiling=true catalogue_share=1 negotiated_drug_share=0 procured_drug_share=0.5
    """),
    "oversight.disease_ranking": _row("""
        area_level=pool region_code=330300 pool_region_code=330300 period_kind=month period=202103 person_group=all
        disease_code=J18 persons=10 total_cost=100
    """),
    "oversight.institution_ranking": _row("""
        area_level=pool region_code=330300 pool_region_code=330300 period_kind=month period=202103 person_group=all
        institution_code=H1 persons=10 total_cost=100
    """),
    "oversight.item_ranking": _row("""
        area_level=pool region_code=330300 pool_region_code=330300 period_kind=month period=202103 person_group=all
        item_type=drug item_code=X1 persons=10 total_cost=100
    """),
    "oversight.visit_flow": _row("""
        pool_region_code=330300 home_region_code=330381 care_region_code=330381 settled_month=202103 visit_count=10
        referred_visit_count=1 aided_visit_count=1 total_cost=100 referred_total_cost=10 aided_total_cost=10
    """),
    "oversight.tilt_and_deposit": _row("""
        settlement_id=S1 measure=tilt borne_before=3000 borne_after=3100 tilt_amount=50
    """),
    "oversight.fund_warning": _row("""
        scheme_id=wenzhou_cii region_code=330381 insurance_type=resident benefit_year=2021 posted_month=202112
        month_of_year=12 payout_to_date_amount=140 warning_level=none
    """),
    "oversight.annual_disclosure": _row("""
        scheme_id=wenzhou_cii benefit_year=2021 section=county row_code=330381 column_code=total measure=persons_paid
        unit=person disclosed_value=10 is_withheld=false
    """),
}

# (suite, check, table, what differs from the good row, the key by which the check must name the row)
Fault = tuple[str, str, str, dict[str, object], str]


def _faults(suite: str, table: str, *rows: tuple[str, dict[str, object], str]) -> list[Fault]:
    return [(suite, check, table, changes, key) for check, changes, key in rows]


RAW_FAULTS = [
    *_faults(
        "raw_setl_d",
        "staging.base_settlement",
        (
            "unreadable_rows_are_rare",
            {"setl_id": "A01", "parse_errors": "cnt 'x'"},
            "setl_id=A01, source_file=part.csv",
        ),
        ("total_is_the_sum_of_its_parts", {"setl_id": "A02", "inscp_amt": "799.98"}, "setl_id=A02"),
        ("fund_total_is_the_sum_of_the_funds", {"setl_id": "A03", "hifdm_pay": 1}, "setl_id=A03"),
        ("person_pays_what_the_funds_leave", {"setl_id": "A04", "psn_pay": 443}, "setl_id=A04"),
        ("cash_is_what_the_account_leaves", {"setl_id": "A05", "cash_payamt": 444}, "setl_id=A05"),
        ("parts_of_a_settlement_are_not_negative", {"setl_id": "A06", "overlmt_selfpay": -1}, "setl_id=A06"),
        ("amounts_that_payouts_rest_on_are_there", {"setl_id": "A30", "hifp_pay": None}, "setl_id=A30"),
        ("basic_fund_pays_within_the_policy", {"setl_id": "A07", "hifp_pay": 801}, "setl_id=A07"),
        ("transfer_part_is_within_self_pay", {"setl_id": "A08", "trafout_preselfpay_amt": 91}, "setl_id=A08"),
        ("settlement_time_is_not_ancient", {"setl_id": "A09", "setl_time": "1900-01-01"}, "setl_id=A09"),
        ("first_day_of_care_is_not_ancient", {"setl_id": "A10", "begndate": "1900-01-01"}, "setl_id=A10"),
        ("nothing_is_settled_in_the_future", {"setl_id": "A11", "setl_time": "2022-01-03"}, "setl_id=A11"),
        ("nothing_is_settled_in_the_future", {"setl_id": "A12", "updt_time": "2999-01-01"}, "setl_id=A12"),
        ("care_ends_after_it_begins", {"setl_id": "A13", "begndate": "2021-03-10"}, "setl_id=A13"),
        ("care_ends_before_it_is_settled", {"setl_id": "A14", "enddate": "2021-03-11"}, "setl_id=A14"),
        ("hospital_level_is_known", {"setl_id": "A15", "hosp_lv": "99"}, "setl_id=A15"),
        ("place_of_settlement_is_known", {"setl_id": "A16", "pay_loc": "7"}, "setl_id=A16"),
        ("refund_flag_is_known", {"setl_id": "A17", "refd_setl_flag": "是"}, "setl_id=A17"),
        ("nothing_is_settled_at_a_test_hospital", {"setl_id": "A18", "fixmedins_code": "H3"}, "setl_id=A18"),
        ("institutions_of_settlements_are_known", {"setl_id": "A19", "fixmedins_code": "H9"}, "fixmedins_code=H9"),
        ("persons_with_settlements_are_insured", {"setl_id": "A00", "psn_no": "P9"}, "setl_id=A00"),
        (
            "persons_with_settlements_are_insured",
            {"setl_id": "A001", "setl_time": "2009-01-01", "begndate": None, "enddate": None},
            "setl_id=A001",
        ),
    ),
    *_faults(
        "raw_fee_list_d",
        "staging.base_fee_line",
        ("unreadable_rows_are_rare", {"bkkp_sn": "B1", "parse_errors": "x"}, "bkkp_sn=B1, setl_id=S1"),
        ("fee_lines_name_their_settlement", {"bkkp_sn": "B2", "setl_id": None}, "bkkp_sn=B2, setl_id=(blank)"),
        ("charge_level_is_understood", {"bkkp_sn": "B3", "chrgitm_lv": "?"}, "bkkp_sn=B3, setl_id=S1"),
        (
            "charge_level_is_written_as_the_dictionary_does",
            {"bkkp_sn": "B4", "chrgitm_lv": "甲"},
            "bkkp_sn=B4, setl_id=S1",
        ),
        ("kind_of_item_is_known", {"bkkp_sn": "B5", "list_type": "999"}, "bkkp_sn=B5, setl_id=S1"),
        ("charge_time_is_not_ancient", {"bkkp_sn": "B6", "fee_ocur_time": "1900-01-01"}, "bkkp_sn=B6, setl_id=S1"),
        ("own_expense_is_within_the_line", {"bkkp_sn": "B7", "det_item_fee_sumamt": 99}, "bkkp_sn=B7, setl_id=S1"),
    ),
    *_faults(
        "raw_fee_list_d_sample",
        "staging.base_fee_line_sample",
        ("fee_lines_have_a_settlement", {"bkkp_sn": "B8", "setl_id": "S999"}, "bkkp_sn=B8, setl_id=S999"),
        ("fee_lines_add_up_to_the_settlement", {"bkkp_sn": "B9", "setl_id": "S1"}, "setl_id=S1"),
        ("own_expense_of_lines_is_within_the_settlement", {"bkkp_sn": "B10", "setl_id": "S1"}, "setl_id=S1"),
    ),
    *_faults(
        "raw_mdtrt_d",
        "staging.base_visit",
        ("unreadable_rows_are_rare", {"mdtrt_id": "C1", "parse_errors": "x"}, "mdtrt_id=C1"),
        ("visits_have_a_key", {"mdtrt_id": None, "rid": "C2"}, "rid=C2, source_file=part.csv"),
        ("visit_is_not_ancient", {"mdtrt_id": "C3", "begntime": "1900-01-01"}, "mdtrt_id=C3"),
        ("visit_ends_after_it_begins", {"mdtrt_id": "C4", "endtime": "2021-02-01"}, "mdtrt_id=C4"),
        ("nobody_is_treated_after_death", {"mdtrt_id": "C5", "die_date": "2021-02-28"}, "mdtrt_id=C5"),
    ),
    *_faults(
        "raw_psn_info_b",
        "staging.base_person",
        ("unreadable_rows_are_rare", {"psn_no": "D1", "parse_errors": "x"}, "psn_no=D1"),
        ("persons_have_a_key", {"psn_no": None, "rid": "D2"}, "rid=D2, source_file=part.csv"),
        ("sex_is_known", {"psn_no": "D3", "gend": "男"}, "psn_no=D3"),
        ("birthday_is_plausible", {"psn_no": "D4", "brdy": "1899-12-31"}, "psn_no=D4"),
        ("birthday_is_plausible", {"psn_no": "D5", "brdy": "2022-01-03"}, "psn_no=D5"),
        ("identity_card_number_is_well_formed", {"psn_no": "D6", "certno": "3303011960010112"}, "psn_no=D6"),
        ("no_person_is_a_test", {"psn_no": "D7", "psn_name": "测试人员"}, "psn_no=D7"),
    ),
    *_faults(
        "raw_psn_insu_d",
        "staging.base_insurance_spell",
        ("unreadable_rows_are_rare", {"psn_insu_rlts_id": "E1", "parse_errors": "x"}, "psn_insu_rlts_id=E1"),
        ("insurance_spells_name_their_person", {"psn_insu_rlts_id": "E2", "psn_no": None}, "psn_insu_rlts_id=E2"),
        ("insurance_status_is_known", {"psn_insu_rlts_id": "E3", "psn_insu_stas": "8"}, "psn_insu_rlts_id=E3"),
        (
            "insurance_start_is_not_ancient",
            {"psn_insu_rlts_id": "E4", "psn_no": "P4", "crt_insu_date": "1900-01-01"},
            "psn_insu_rlts_id=E4",
        ),
        (
            "insurance_ends_after_it_begins",
            {"psn_insu_rlts_id": "E5", "paus_insu_date": "2009-12-31"},
            "psn_insu_rlts_id=E5",
        ),
        ("nobody_is_insured_twice", {"psn_insu_rlts_id": "E6"}, "psn_no=P1"),
    ),
    *_faults(
        "raw_psn_idet_d",
        "staging.base_identity_spell",
        (
            "unreadable_rows_are_rare",
            {"psn_no": "F1", "parse_errors": "x"},
            "psn_no=F1, psn_idet_type=7131, begntime=2020-01-01 00:00:00",
        ),
        ("identities_name_their_person", {"psn_no": None, "rid": "F2"}, "rid=F2, source_file=part.csv"),
        (
            "identity_start_is_not_ancient",
            {"psn_no": "F3", "begntime": "1900-01-01"},
            "psn_no=F3, psn_idet_type=7131, begntime=1900-01-01 00:00:00",
        ),
        (
            "identity_ends_after_it_begins",
            {"psn_no": "F4", "endtime": "2019-01-01"},
            "psn_no=F4, psn_idet_type=7131, begntime=2020-01-01 00:00:00",
        ),
        (
            "identity_codes_have_a_meaning",
            {"psn_no": "F5", "insu_admdvs": "610402"},
            "psn_no=F5, psn_idet_type=7131, begntime=2020-01-01 00:00:00",
        ),
        (
            "identity_codes_have_a_meaning",
            {"psn_no": "F6", "psn_idet_type": "7999", "insu_admdvs": None},
            "psn_no=F6, psn_idet_type=7999, begntime=2020-01-01 00:00:00",
        ),
    ),
    *_faults(
        "raw_supp_enrl_d",
        "staging.base_supplementary_enrolment",
        ("unreadable_rows_are_rare", {"enrl_id": "G1", "parse_errors": "x"}, "enrl_id=G1"),
        ("channel_of_payment_is_known", {"enrl_id": "G2", "channel": "cash"}, "enrl_id=G2"),
        ("event_is_known", {"enrl_id": "G3", "event": "married"}, "enrl_id=G3"),
        ("event_has_its_date", {"enrl_id": "G4", "event_date": None}, "enrl_id=G4"),
        ("subsidised_enrolment_names_its_payer", {"enrl_id": "G5", "payer": None}, "enrl_id=G5"),
        ("premium_is_not_negative", {"enrl_id": "G6", "premium_amt": -100}, "enrl_id=G6"),
        ("cover_year_is_plausible", {"enrl_id": "G7", "cover_year": 21}, "enrl_id=G7"),
        ("payment_is_not_ancient", {"enrl_id": "G8", "paid_time": "1900-01-01"}, "enrl_id=G8"),
    ),
    *_faults(
        "raw_fund_txn_d",
        "staging.base_fund_transaction",
        ("unreadable_rows_are_rare", {"txn_id": "I1", "parse_errors": "x"}, "txn_id=I1"),
        ("movements_have_an_amount", {"txn_id": "I2", "amount": None}, "txn_id=I2"),
        ("movements_name_their_scheme", {"txn_id": "I3", "scheme_id": None}, "txn_id=I3"),
        ("kind_of_movement_is_known", {"txn_id": "I4", "txn_type": "gift"}, "txn_id=I4"),
        ("movement_is_not_ancient", {"txn_id": "I5", "txn_date": "1900-01-01"}, "txn_id=I5"),
        ("movement_is_near_its_benefit_year", {"txn_id": "I6", "benefit_year": 2012}, "txn_id=I6"),
        ("movement_is_in_the_pool_of_its_scheme", {"txn_id": "I7", "insu_admdvs": "610402"}, "txn_id=I7"),
    ),
    *_faults(
        "raw_fixmedins_b",
        "staging.base_institution",
        ("institutions_have_a_name", {"fixmedins_code": "H2", "fixmedins_name": None}, "fixmedins_code=H2"),
        ("no_institution_is_a_test", {"fixmedins_code": "H3", "fixmedins_name": "测试医院"}, "fixmedins_code=H3"),
        (
            "institution_name_is_written_cleanly",
            {"fixmedins_code": "H4", "fixmedins_name": "第１医院"},
            "fixmedins_code=H4",
        ),
        (
            "institution_name_is_written_cleanly",
            {"fixmedins_code": "H5", "fixmedins_name": "东方医院\u3000"},
            "fixmedins_code=H5",
        ),
        (
            "institution_name_is_written_cleanly",
            {"fixmedins_code": "H6", "fixmedins_name": "东方\t医院"},
            "fixmedins_code=H6",
        ),
        ("kind_of_institution_is_known", {"fixmedins_code": "H7", "fixmedins_type": "3"}, "fixmedins_code=H7"),
        ("hospital_level_is_known", {"fixmedins_code": "H8", "hosp_lv": "三甲"}, "fixmedins_code=H8"),
    ),
    *_faults(
        "raw_refl_appy_evt_c",
        "staging.base_referral",
        ("referrals_name_their_person", {"evtsn": "J1", "psn_no": None}, "evtsn=J1"),
        ("referral_is_not_ancient", {"evtsn": "J2", "refl_date": "1900-01-01"}, "evtsn=J2"),
        ("referral_ends_after_it_begins", {"evtsn": "J3", "enddate": "2021-01-01"}, "evtsn=J3"),
        ("referral_leads_elsewhere", {"evtsn": "J4", "reflin_medins_no": "H1"}, "evtsn=J4"),
    ),
]


def _blank_faults(suite: str, table: str, keys: str, own: str, columns: str) -> list[Fault]:
    """One row for each column that may not be blank, told apart by the key column ``own``."""
    good = GOOD[table]
    faults = []
    for number, column in enumerate(columns.split()):
        name = f"0{number:02}"
        changes = {own: name, column: None} if column != own else {column: None, "scheme_id": name}
        row = {**good, **changes}
        key = ", ".join(f"{item}={'(blank)' if row[item] is None else row[item]}" for item in keys.split())
        faults.append((suite, f"{column}_is_given", table, changes, key))
    return faults


def _year_key(person: str) -> str:
    return f"person_key={person}, scheme_id=wenzhou_cii, benefit_year=2021"


def _fund_key(region: str) -> str:
    return f"scheme_id=wenzhou_cii, region_code={region}, insurance_type=resident, benefit_year=2021"


def _keyed_faults(suite: str, *rows: tuple[str, dict[str, object]], schema: str = "oversight") -> list[Fault]:
    """Faults of a mart, named by the key of its suite."""
    table = f"{schema}.{suite}"
    keys = yaml.safe_load((checks.EXPECTATIONS / f"{suite}.yml").read_text(encoding="utf-8"))["meta"]["key_columns"]
    return [
        (suite, check, table, changes, ", ".join(f"{name}={(GOOD[table] | changes)[name]}" for name in keys))
        for check, changes in rows
    ]


def _fund_faults(suite: str, *rows: tuple[str, dict[str, object]]) -> list[Fault]:
    return _keyed_faults(suite, *rows, schema="funds")


def _ranking_faults(suite: str) -> list[Fault]:
    costs = "counties_and_months_are_the_pool"
    return [
        *_keyed_faults(suite, ("aided_persons_are_some_of_all", {"person_group": "aided", "persons": 11})),
        *_keyed_faults(suite, ("aided_persons_are_some_of_all", {"person_group": "aided", "region_code": "331100"})),
        (suite, costs, f"oversight.{suite}", {"period_kind": "year", "period": 2021}, "region_code=330300"),
    ]


def _scenario_key(region: str) -> str:
    return f"scenario_id=low, scheme_id=wenzhou_cii, region_code={region}, assistance_category=none, benefit_year=2021"


MARTS_FAULTS = [
    *_blank_faults(
        "fct_payout",
        "benefits.fct_payout",
        "settlement_id scheme_id",
        "settlement_id",
        """
        settlement_id scheme_id person_key benefit_year settled_at eligible_expense accumulated_before
        accumulated_after payable_before payable_after payout_amount cover_status parameter_status
        """,
    ),
    *_blank_faults(
        "fct_payout_tier",
        "benefits.fct_payout_tier",
        "settlement_id scheme_id tier_no",
        "settlement_id",
        "settlement_id scheme_id tier_no rate tier_expense tier_payout",
    ),
    *_blank_faults(
        "fct_accumulator_year",
        "benefits.fct_accumulator_year",
        "person_key scheme_id benefit_year",
        "person_key",
        "person_key scheme_id benefit_year eligible_expense payable_expense payout_amount",
    ),
    *_blank_faults(
        "fct_fund_year",
        "funds.fct_fund_year",
        "scheme_id region_code insurance_type benefit_year",
        "region_code",
        "scheme_id region_code insurance_type benefit_year payout_amount",
    ),
    *_blank_faults(
        "benefit_schedule",
        "policy.benefit_schedule",
        "scheme_id insurance_type assistance_category valid_from tier_no",
        "assistance_category",
        "scheme_id insurance_type assistance_category valid_from tier_no rate document_id article",
    ),
    *_faults(
        "fct_claim_expense",
        "benefits.fct_claim_expense",
        ("settlement_id_is_given", {"settlement_id": None}, "settlement_id=(blank)"),
        ("person_key_is_given", {"settlement_id": "A1", "person_key": None}, "settlement_id=A1"),
        ("benefit_year_is_given", {"settlement_id": "A2", "benefit_year": None}, "settlement_id=A2"),
        ("settled_at_is_given", {"settlement_id": "A3", "settled_at": None}, "settlement_id=A3"),
        ("region_code_is_given", {"settlement_id": "A4", "region_code": None}, "settlement_id=A4"),
        ("insurance_type_is_given", {"settlement_id": "A5", "insurance_type": None}, "settlement_id=A5"),
        ("total_cost_is_given", {"settlement_id": "A6", "total_cost": None}, "settlement_id=A6"),
        ("care_type_is_known", {"settlement_id": "A7", "care_type": "dental"}, "settlement_id=A7"),
        # A fen, beside an amount that no float holds to the fen.
        (
            "components_add_up_to_the_total",
            {"settlement_id": "A80", "total_cost": "1234567890123956.01", "basic_paid": "1234567890123456.00"},
            "settlement_id=A80",
        ),
        ("parts_add_up_to_own_expense", {"settlement_id": "A9", "restricted_use": "10.01"}, "settlement_id=A9"),
        ("only_reversals_are_negative", {"settlement_id": "B1", "total_cost": -1}, "settlement_id=B1"),
        ("benefit_year_is_near_the_settlement", {"settlement_id": "B2", "benefit_year": 2012}, "settlement_id=B2"),
        ("the_total_is_explained", {"settlement_id": "B3", "unexplained_cost": -1}, "settlement_id=B3"),
        (
            "own_expense_is_explained_by_fee_lines",
            {"settlement_id": "B4", "own_expense_unclassified": 1},
            "settlement_id=B4",
        ),
        ("components_are_not_negative", {"settlement_id": "B5", "coinsurance": -1}, "settlement_id=B5"),
    ),
    *_faults(
        "fct_payout",
        "benefits.fct_payout",
        (
            "parameter_status_is_known",
            {"settlement_id": "A1", "parameter_status": "guess"},
            "settlement_id=A1, scheme_id=wenzhou_cii",
        ),
        (
            "accumulator_moves_by_the_eligible_expense",
            {"settlement_id": "A2", "accumulated_after": "300.01"},
            "settlement_id=A2, scheme_id=wenzhou_cii",
        ),
        (
            "accumulator_falls_only_at_a_reversal",
            {"settlement_id": "A3", "accumulated_before": 500, "eligible_expense": -200},
            "settlement_id=A3, scheme_id=wenzhou_cii",
        ),
        (
            "payout_lies_within_the_payable_expense",
            {"settlement_id": "A4", "payout_amount": "200.01"},
            "settlement_id=A4, scheme_id=wenzhou_cii",
        ),
        (
            "payout_lies_within_the_payable_expense",
            {"settlement_id": "A5", "payout_amount": "-0.01"},
            "settlement_id=A5, scheme_id=wenzhou_cii",
        ),
        (
            "nothing_is_paid_outside_cover",
            {"settlement_id": "A6", "cover_status": "waiting"},
            "settlement_id=A6, scheme_id=wenzhou_cii",
        ),
        (
            "payouts_follow_published_parameters",
            {"settlement_id": "A7", "scheme_id": "jilin_cii", "parameter_status": "illustrative"},
            "scheme_id=jilin_cii, benefit_year=2021",
        ),
    ),
    *_faults(
        "fct_payout_tier",
        "benefits.fct_payout_tier",
        (
            "rate_lies_between_0_and_1",
            {"settlement_id": "C1", "rate": "1.0001"},
            "settlement_id=C1, scheme_id=wenzhou_cii, tier_no=1",
        ),
        (
            "tier_payout_lies_within_its_expense",
            {"settlement_id": "C2", "tier_payout": "200.01"},
            "settlement_id=C2, scheme_id=wenzhou_cii, tier_no=1",
        ),
        # A second tier of a settlement that was whole.
        (
            "tiers_add_up_to_the_settlement",
            {"settlement_id": "005", "tier_no": 2, "tier_expense": "0.01", "tier_payout": 0},
            "settlement_id=005, scheme_id=wenzhou_cii",
        ),
    ),
    *_faults(
        "fct_accumulator_year",
        "benefits.fct_accumulator_year",
        ("limit_remaining_is_not_negative", {"person_key": "A1", "limit_remaining": "-0.01"}, _year_key("A1")),
        (
            "deductible_remaining_is_not_negative",
            {"person_key": "A2", "deductible_remaining": "-0.01"},
            _year_key("A2"),
        ),
        ("settlements_add_up_to_the_person_year", {"person_key": "000", "payout_amount": 141}, _year_key("000")),
        ("a_person_year_is_not_paid_below_zero", {"person_key": "A4", "payout_amount": -1}, _year_key("A4")),
        # K5 and K6 have payouts of their own, planted below.
        (
            "payout_lies_within_the_payable_expense",
            {"person_key": "K5", "payout_amount": "200.01"},
            _year_key("K5"),
        ),
        (
            "payout_lies_within_the_annual_limit",
            {"person_key": "K6", "payout_amount": 140, "annual_limit": 139},
            _year_key("K6"),
        ),
    ),
    *_faults(
        "fct_cover_span",
        "benefits.fct_cover_span",
        (
            "person_key_is_given",
            {"person_key": None},
            "person_key=(blank), scheme_id=lishui_supplementary, covered_from=2021-04-01",
        ),
        (
            "cover_lies_within_its_calendar_year",
            {"person_key": "G1", "covered_to": "2022-01-02"},
            "person_key=G1, scheme_id=lishui_supplementary, covered_from=2021-04-01",
        ),
        (
            "cover_lies_within_its_calendar_year",
            {"person_key": "G2", "covered_from": "2021-03-31"},
            "person_key=G2, scheme_id=lishui_supplementary, covered_from=2021-03-31",
        ),
        (
            "channel_is_known",
            {"person_key": "G3", "channel": "gift"},
            "person_key=G3, scheme_id=lishui_supplementary, covered_from=2021-04-01",
        ),
    ),
    *_faults(
        "fct_burden",
        "benefits.fct_burden",
        ("the_layers_add_up_to_the_cost", {"settlement_id": "E1", "relief_paid": "10.01"}, "settlement_id=E1"),
        (
            "nothing_is_below_zero",
            {"settlement_id": "E2", "relief_paid": "210.01", "out_of_pocket": "-0.01"},
            "settlement_id=E2",
        ),
        (
            "parameter_status_is_known",
            {"settlement_id": "E3", "parameter_status": "guessed"},
            "settlement_id=E3",
        ),
        ("nothing_had_to_be_capped", {"settlement_id": "E4", "capped_amount": "0.01"}, "settlement_id=E4"),
    ),
    *_faults(
        "fct_burden_year",
        "benefits.fct_burden_year",
        (
            "the_layers_add_up_to_the_cost",
            {"person_key": "E1", "relief_paid": "10.01"},
            "person_key=E1, benefit_year=2021",
        ),
        (
            "nothing_is_below_zero",
            {"person_key": "E2", "relief_paid": "210.01", "out_of_pocket": "-0.01"},
            "person_key=E2, benefit_year=2021",
        ),
    ),
    *_faults(
        "fct_payout_variance",
        "benefits.fct_payout_variance",
        (
            "a_variance_is_recorded_less_computed",
            {"settlement_id": "E1", "variance": "0.01", "cause": "rounding"},
            "settlement_id=E1, scheme_id=wenzhou_cii",
        ),
        (
            "cause_is_known",
            {"settlement_id": "E2", "recorded_amount": "141", "variance": 1, "cause": "fate"},
            "settlement_id=E2, scheme_id=wenzhou_cii",
        ),
        (
            "the_live_system_paid_what_is_computed",
            {"settlement_id": "E3", "recorded_amount": "141", "variance": 1, "cause": "unexplained"},
            "scheme_id=wenzhou_cii, benefit_year=2021",
        ),
    ),
    *_faults(
        "fct_fund_year",
        "funds.fct_fund_year",
        ("a_fund_year_stands_once", {}, _fund_key("330381")),
        ("heads_are_not_negative", {"region_code": "1", "insured_heads": -1}, _fund_key("1")),
        ("payouts_equal_the_settlements", {"region_code": "2"}, _fund_key("2")),
        (
            "payouts_posted_equal_payouts",
            {"region_code": "3", "payout_posted_amount": 139},
            "scheme_id=wenzhou_cii, region_code=3, insurance_type=resident",
        ),
        ("a_fund_that_pays_has_income", {"region_code": "4", "income_amount": 0}, _fund_key("4")),
    ),
    *_fund_faults(
        "fund_year_by_region",
        ("an_area_balances", {"region_code": "1", "balance_amount": "800.01"}),
    ),
    *_fund_faults(
        "fct_fund_month",
        ("payouts_of_a_month_are_of_some_year", {"region_code": "1", "payout_of_year_amount": 149}),
    ),
    *_fund_faults(
        "fct_fund_true_up",
        (
            "what_is_outstanding_was_due_and_did_not_come",
            {"region_code": "1", "transfer_outstanding_amount": 1},
        ),
        (
            "what_is_outstanding_was_due_and_did_not_come",
            {"region_code": "2", "true_up_outstanding_amount": 4},
        ),
        ("transfers_come_whole_and_in_time", {"region_code": "3", "transfer_status": "late"}),
    ),
    *_fund_faults(
        "fct_fund_quarter_plan",
        ("a_plan_is_held_against_what_was_paid", {"region_code": "1", "difference_amount": 41}),
        (
            "a_plan_is_held_against_what_was_paid",
            {"region_code": "2", "planned_amount": -1, "difference_amount": 141},
        ),
    ),
    *_fund_faults(
        "fct_fund_corridor",
        ("the_parts_are_the_margin", {"insurance_line": "1", "fund_amount": "28.01"}),
        ("the_parts_are_the_margin", {"insurance_line": "2", "payout_amount": 931}),
        ("a_loss_is_settled_by_the_rule", {"insurance_line": "3", "outcome": "to_be_negotiated"}),
    ),
    *_fund_faults(
        "fct_fund_cycle",
        ("a_year_balances", {"benefit_year": 2022, "balance_amount": 99}),
        ("the_loss_ratio_is_reached", {"benefit_year": 2023, "is_loss_ratio_met": False}),
    ),
    *_fund_faults(
        "fct_insurer_result",
        ("shares_are_shares", {"insurer": "b", "share": 0}),
        ("shares_are_shares", {"insurer": "c", "share": "1.1"}),
        ("shares_are_shares", {"insurer": "d", "last_year": 2015}),
    ),
    *_fund_faults(
        "fct_participation",
        ("heads_are_enrolled_or_not", {"enrolment_group": "1", "enrolled_heads": 9}),
        ("heads_are_enrolled_or_not", {"enrolment_group": "2", "subsidised_heads": 9}),
        (
            "heads_are_enrolled_or_not",
            {"enrolment_group": "3", "enrolled_heads": 11, "not_enrolled_heads": -1},
        ),
    ),
    *_fund_faults(
        "fct_cost_per_head",
        ("everyone_paid_has_a_case", {"age_band": "1", "persons_paid": 3}),
        ("everyone_paid_has_a_case", {"age_band": "2", "insured_heads": -1}),
    ),
    *_fund_faults(
        "fct_claim_triangle",
        ("the_first_month_is_what_was_paid_in_it", {"development_month": 13}),
        ("the_first_month_is_what_was_paid_in_it", {"cumulative_amount": 139}),
    ),
    *_fund_faults(
        "fct_completion_factor",
        ("the_last_month_is_complete", {"completion_factor": "0.99"}),
    ),
    *_fund_faults(
        "fct_balancing_standard",
        ("the_standard_balances_the_year", {"scenario_id": "1", "result_amount": 714}),
        ("the_standard_balances_the_year", {"scenario_id": "2", "balancing_standard": "13.49"}),
    ),
    *_faults(
        "load_audit",
        "quality.load_audit",
        ("raw_table_is_given", {"raw_table": None, "source_file": "0"}, "raw_table=(blank), source_file=0"),
        ("delivered_is_given", {"delivered": None, "source_file": "1"}, "raw_table=setl_d, source_file=1"),
        ("accepted_is_not_negative", {"accepted": -1, "source_file": "2"}, "raw_table=setl_d, source_file=2"),
        ("superseded_is_not_negative", {"superseded": -1, "source_file": "3"}, "raw_table=setl_d, source_file=3"),
        ("void_is_not_negative", {"void": -1, "source_file": "4"}, "raw_table=setl_d, source_file=4"),
        ("quarantined_is_not_negative", {"quarantined": -1, "source_file": "5"}, "raw_table=setl_d, source_file=5"),
        (
            "every_delivered_row_is_accounted_for",
            {"delivered": 41, "source_file": "6"},
            "raw_table=setl_d, source_file=6",
        ),
        ("quarantined_rows_are_kept", {"source_file": "7"}, "raw_table=setl_d, source_file=7"),
        ("every_accepted_settlement_has_its_expense", {"source_file": "8"}, "raw_table=setl_d"),
        ("quarantine_is_the_exception", {"quarantined": 3, "source_file": "9"}, "raw_table=setl_d, source_file=9"),
    ),
    *_faults(
        "benefit_schedule",
        "policy.benefit_schedule",
        (
            "rate_lies_between_0_and_1",
            {"assistance_category": "A1", "rate": "70"},
            "scheme_id=wenzhou_cii, insurance_type=all, assistance_category=A1, valid_from=2021-01-01, tier_no=1",
        ),
    ),
    *_faults(
        "fct_scenario",
        "policy.fct_scenario",
        ("a_scenario_stands_once", {}, _scenario_key("330381")),
        ("the_difference_is_scenario_less_enacted", {"region_code": "1", "payout_difference": 11}, _scenario_key("1")),
        (
            "enacted_payouts_equal_the_settlements",
            {"scenario_id": "other", "payout_amount": 149, "enacted_payout_amount": 139},
            "scenario_id=other, scheme_id=wenzhou_cii, benefit_year=2021",
        ),
        ("nobody_is_paid_below_the_deductible", {"region_code": "2", "persons_paid": 2}, _scenario_key("2")),
        ("a_scenario_is_illustrative", {"region_code": "3", "parameter_status": "enacted"}, _scenario_key("3")),
    ),
    *_keyed_faults(
        "poverty_risk_watchlist",
        ("an_open_warning_has_a_level_and_a_resolved_one_a_day", {"person_key": "1", "resolved_on": "2021-12-31"}),
        ("an_open_warning_has_a_level_and_a_resolved_one_a_day", {"person_key": "2", "watch_status": "resolved"}),
        ("an_open_warning_has_a_level_and_a_resolved_one_a_day", {"person_key": "3", "risk_level": 0}),
        ("an_open_warning_has_a_level_and_a_resolved_one_a_day", {"person_key": "4", "peak_level": 1}),
        ("days_of_a_warning_are_in_order", {"person_key": "5", "observed_on": "2021-03-04"}),
        ("days_of_a_warning_are_in_order", {"person_key": "6", "level_2_passed_on": "2021-03-04"}),
        ("days_of_a_warning_are_in_order", {"person_key": "7", "level_3_passed_on": "2021-04-04"}),
    ),
    (
        "poverty_risk_watchlist",
        "a_person_has_one_open_warning",
        "oversight.poverty_risk_watchlist",
        {"first_passed_on": "2021-03-06"},
        "person_key=K1, first_passed_on=2021-03-05",
    ),
    *_keyed_faults(
        "relief_case",
        ("relief_stays_within_the_burden", {"person_key": "1", "borne_after_relief": "200.01"}),
        ("relief_stays_within_the_burden", {"person_key": "2", "borne_amount": 5, "borne_after_relief": -5}),
        ("relief_is_that_of_the_burden", {"person_key": "3"}),
    ),
    *_keyed_faults(
        "enrolment_gap",
        ("a_gap_has_days_and_amounts_above_zero", {"person_key": "1", "gap_to": "2021-01-01"}),
        ("a_gap_has_days_and_amounts_above_zero", {"person_key": "2", "amount": 0}),
        ("the_county_of_a_gap_is_known", {"person_key": "3", "region_code": None}),
    ),
    *_keyed_faults(
        "claim_review_flag",
        ("every_flag_has_its_evidence", {"settlement_id": "1", "evidence": "nothing much"}),
        ("every_flag_has_its_evidence", {"settlement_id": "2", "finding_count": 0}),
        ("severity_is_known", {"settlement_id": "3", "severity": "grave"}),
    ),
    *_keyed_faults(
        "claim_review_month",
        ("flags_are_some_of_the_settlements", {"institution_code": "1", "flag_count": 11}),
        ("flags_are_some_of_the_settlements", {"institution_code": "2", "flag_count": 0}),
    ),
    (
        "claim_review_month",
        "counts_are_those_of_the_flags",
        "oversight.claim_review_month",
        {"rule_no": "R02"},
        "rule_no=R02",
    ),
    *_keyed_faults(
        "institution_own_expense",
        ("shares_are_parts_of_a_whole", {"institution_code": "1", "aided_own_expense": 1001}),
        ("shares_are_parts_of_a_whole", {"institution_code": "2", "procured_drug_share": "1.0001"}),
        ("shares_are_parts_of_a_whole", {"institution_code": "3", "own_expense_ceiling": None}),
    ),
    *_ranking_faults("disease_ranking"),
    *_ranking_faults("institution_ranking"),
    *_ranking_faults("item_ranking"),
    *_keyed_faults(
        "visit_flow",
        ("parts_of_a_cell_are_within_it", {"home_region_code": "1", "referred_visit_count": 11}),
        ("parts_of_a_cell_are_within_it", {"home_region_code": "2", "aided_total_cost": 101}),
    ),
    (
        "visit_flow",
        "the_grid_has_every_cell",
        "oversight.visit_flow",
        {"care_region_code": "310104"},
        "pool_region_code=330300",
    ),
    *_keyed_faults(
        "tilt_and_deposit",
        ("extra_aid_stays_within_what_was_borne", {"settlement_id": "1", "tilt_amount": None}),
        ("extra_aid_stays_within_what_was_borne", {"settlement_id": "2", "tilt_amount": "100.01"}),
    ),
    *_keyed_faults(
        "fund_warning",
        ("december_has_the_payouts_of_the_year", {"region_code": "1", "payout_to_date_amount": 139}),
        ("warning_level_is_known", {"region_code": "2", "warning_level": "red"}),
    ),
    *_keyed_faults(
        "annual_disclosure",
        ("no_small_cell_is_disclosed", {"row_code": "1", "disclosed_value": 4}),
        ("no_small_cell_is_disclosed", {"row_code": "2", "disclosed_value": 1}),
        ("no_small_cell_is_disclosed", {"row_code": "3", "is_withheld": True}),
    ),
    *_faults(
        "annual_disclosure",
        "oversight.annual_disclosure",
        (
            "nothing_withheld_stands_alone",
            {"section": "settlement_place", "disclosed_value": None, "is_withheld": True},
            "scheme_id=wenzhou_cii, benefit_year=2021, section=settlement_place, column_code=total,"
            " measure=persons_paid",
        ),
        (
            "nothing_withheld_stands_alone",
            {"row_code": "4", "disclosed_value": None, "is_withheld": True},
            "scheme_id=wenzhou_cii, benefit_year=2021, section=county, column_code=4, measure=persons_paid",
        ),
    ),
]
FAULTS = {"raw": RAW_FAULTS, "marts": MARTS_FAULTS}

# What only shows when most of a table is wrong: every row is made so.
MOSTLY_BLANK = {
    "staging.base_settlement": "setl_id psn_no setl_time medfee_sumamt insu_admdvs dise_no",
    "staging.base_fee_line": "med_list_codg",
    "staging.base_visit": "dscg_maindiag_code",
}
MOSTLY_FAULTS = {
    **{suite: "most_rows_can_be_read" for suite in checks.SUITES["raw"] if suite != "raw_fee_list_d_sample"},
    "raw_setl_d": """
        most_rows_can_be_read most_settlements_have_a_key most_settlements_have_a_person most_settlements_have_a_time
        most_settlements_have_a_total most_settlements_have_a_region void_settlements_are_few diagnosis_is_mostly_given
    """,
    "raw_fee_list_d": "most_rows_can_be_read item_code_is_mostly_given",
    "raw_mdtrt_d": "most_rows_can_be_read diagnosis_is_mostly_given",
}
EMPTY_FAULTS = {
    ("raw_setl_d", "settlements_are_delivered"),
    ("raw_psn_info_b", "persons_are_delivered"),
    ("raw_psn_insu_d", "insurance_spells_are_delivered"),
    ("raw_psn_idet_d", "identities_are_delivered"),
    ("raw_fixmedins_b", "institutions_are_delivered"),
    ("fct_claim_expense", "some_settlement_is_accepted"),
    ("load_audit", "settlements_are_audited"),
    ("benefit_schedule", "some_ladder_is_compiled"),
}


def _plant(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, object]) -> None:
    connection.execute(
        f"insert into {table} ({', '.join(row)}) values ({', '.join('?' for _ in row)})", list(row.values())
    )


def _create(path: Path, with_rows: bool = True) -> Path:
    with duckdb.connect(str(path)) as connection:
        for schema in ("staging", "benefits", "funds", "policy", "policy_seed", "oversight", "quality", "shared"):
            connection.execute(f"create schema {schema}")
        for table, columns in COLUMNS.items():
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table {table} ({listed})")
            if with_rows:
                _plant(connection, table, GOOD[table])
        if with_rows:
            _plant(connection, "shared.dim_region", _row("region_code=610402 pool_region_code=610400"))
        connection.execute(CHECK_RESULT)
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build in which nothing is wrong."""
    return _create(tmp_path_factory.mktemp("good") / "warehouse.duckdb")


@pytest.fixture
def changed(good: Path, tmp_path: Path):
    """A copy of the good build, changed by statements."""

    def change(*statements: str) -> Path:
        path = tmp_path / "warehouse.duckdb"
        shutil.copyfile(good, path)
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return change


@pytest.fixture
def run_suites(tmp_path: Path):
    """Some suites alone over a build: the results of those suites."""

    def run(database: Path, border: str, *names: str, canary: bool = True) -> list[CheckResult]:
        folder = tmp_path / "-".join(names)
        folder.mkdir()
        for name in names:
            shutil.copyfile(checks.EXPECTATIONS / f"{name}.yml", folder / f"{name}.yml")
        results = checks.run_border(database, border, expectations_dir=folder, canary=canary)
        return [result for result in results if result.suite in (*names, "canary")]

    return run


@pytest.fixture(scope="module")
def good_results(good: Path) -> dict[str, list[CheckResult]]:
    return {border: checks.run_border(good, border) for border in checks.SUITES}


@pytest.fixture(scope="module")
def bad_results(good: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], CheckResult]:
    """Results of both borders over a build that holds every planted fault."""
    path = tmp_path_factory.mktemp("bad") / "warehouse.duckdb"
    shutil.copyfile(good, path)
    with duckdb.connect(str(path)) as connection:
        for _, _, table, changes, _ in [*RAW_FAULTS, *MARTS_FAULTS]:
            _plant(connection, table, {**GOOD[table], **changes})
        for person, settlement, amount in (("K5", "Z5", "200.01"), ("K6", "Z6", "140.00")):
            payout = {"person_key": person, "settlement_id": settlement, "payout_amount": amount, "annual_limit": 139}
            _plant(connection, "benefits.fct_payout", {**GOOD["benefits.fct_payout"], **payout})
    results = [result for border in checks.SUITES for result in checks.run_border(path, border)]
    return {(result.suite, result.check): result for result in results}


@pytest.fixture(scope="module")
def mostly_bad_results(good: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], CheckResult]:
    path = tmp_path_factory.mktemp("mostly") / "warehouse.duckdb"
    shutil.copyfile(good, path)
    with duckdb.connect(str(path)) as connection:
        for table in COLUMNS:
            if "vali_flag" in COLUMNS[table]:
                blanks = "".join(f", {column} = null" for column in MOSTLY_BLANK.get(table, "").split())
                connection.execute(f"update {table} set parse_errors = 'x', vali_flag = '0'{blanks}")
    return {(result.suite, result.check): result for result in checks.run_border(path, "raw")}


@pytest.fixture(scope="module")
def empty_results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], CheckResult]:
    path = _create(tmp_path_factory.mktemp("empty") / "warehouse.duckdb", with_rows=False)
    results = [result for border in checks.SUITES for result in checks.run_border(path, border)]
    return {(result.suite, result.check): result for result in results}


def _all_checks() -> set[tuple[str, str]]:
    found = set()
    for path in checks.EXPECTATIONS.glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found |= {(content["name"], entry["meta"]["name"]) for entry in content["expectations"]}
    return found


# Good and bad data


@pytest.mark.parametrize("border", checks.SUITES)
def test_every_check_holds_on_good_data(good_results, border):
    assert [result for result in good_results[border] if not result.success] == []
    assert {result.failing_rows for result in good_results[border]} == {0}
    assert {result.suite for result in good_results[border]} == set(checks.SUITES[border])


def test_every_check_of_every_suite_is_run(good_results):
    ran = [(result.suite, result.check) for results in good_results.values() for result in results]
    assert len(ran) == len(set(ran))
    assert set(ran) == _all_checks()


@pytest.mark.parametrize(
    ("suite", "check", "key"),
    [
        pytest.param(suite, check, key, id=f"{suite}-{check}-{key}")
        for suite, check, _, _, key in RAW_FAULTS + MARTS_FAULTS
    ],
)
def test_a_planted_fault_is_found_and_named(bad_results, suite, check, key):
    result = bad_results[suite, check]
    assert result.ran, result.message
    assert not result.success
    assert key in result.examples
    assert len(result.examples) <= 10
    assert result.failing_rows >= 1
    assert result.table in result.message
    assert result.rule


def test_a_fault_fails_only_where_it_is(bad_results):
    # The checks that no planted row breaks still hold beside all the others that fail.
    broken = {(suite, check) for suite, check, *_ in RAW_FAULTS + MARTS_FAULTS}
    assert {name for name, result in bad_results.items() if not result.success} == broken


@pytest.mark.parametrize(
    ("suite", "check"), [(suite, check) for suite, names in MOSTLY_FAULTS.items() for check in names.split()]
)
def test_a_table_that_is_mostly_wrong_is_found(mostly_bad_results, suite, check):
    result = mostly_bad_results[suite, check]
    assert result.ran, result.message
    assert not result.success
    assert f"1 of 1 in {result.table}" in result.message


def test_empty_tables_are_found_and_break_nothing_else(empty_results):
    assert {name for name, result in empty_results.items() if not result.success} == EMPTY_FAULTS
    assert all(result.ran for result in empty_results.values())


def test_every_check_has_been_seen_to_fail(bad_results, mostly_bad_results, empty_results):
    failed = {
        name
        for results in (bad_results, mostly_bad_results, empty_results)
        for name, result in results.items()
        if not result.success
    }
    assert _all_checks() - failed == set()


def test_severity_decides_what_is_critical(bad_results):
    critical = {(result.suite, result.check) for result in checks.critical_failures(bad_results.values())}
    assert ("fct_payout_tier", "tiers_add_up_to_the_settlement") in critical
    assert ("raw_setl_d", "total_is_the_sum_of_its_parts") not in critical
    assert all(bad_results[name].severity == "critical" for name in critical)


def test_all_failing_rows_are_counted_and_ten_are_named(changed, run_suites):
    path = changed(
        "insert into staging.base_settlement by name"
        " select settlement.* replace ("
        "'N' || lpad(cast(i as varchar), 5, '0') as setl_id, 1 as medfee_sumamt, '7' as pay_loc)"
        " from staging.base_settlement as settlement, range(5000) as numbers (i)"
    )
    results = {result.check: result for result in run_suites(path, "raw", "raw_setl_d")}
    for check in ("total_is_the_sum_of_its_parts", "place_of_settlement_is_known"):
        assert results[check].failing_rows == 5000
        assert results[check].examples == tuple(f"setl_id=N{number:05}" for number in range(10))


def test_the_message_says_what_where_and_what_to_do(bad_results):
    assert bad_results["raw_mdtrt_d", "nobody_is_treated_after_death"].message == (
        "A visit begins after the person's death: 1 in staging.base_visit, e.g. mdtrt_id=C5. Check date and person;"
        " what remains is for the claim review."
    )


def test_a_pool_may_count_the_account_into_the_fund_total(changed, run_suites):
    statements = (
        "update staging.base_settlement set fund_pay_sumamt = 599",
        "create table policy_seed.pool_parameter (pool_region_code varchar, parameter varchar, value varchar)",
        "insert into policy_seed.pool_parameter values ('330300', 'fund_total_includes_account', 'true')",
        # Another pool, whose fund total leaves the account out.
        "insert into staging.base_settlement by name"
        " select * replace ('S2' as setl_id, '331102' as insu_admdvs) from staging.base_settlement",
    )
    results = {result.check: result for result in run_suites(changed(*statements), "raw", "raw_setl_d")}
    for check in ("fund_total_is_the_sum_of_the_funds", "person_pays_what_the_funds_leave"):
        assert results[check].examples == ("setl_id=S2",)


def test_changed_terms_excuse_a_payout_above_the_payable_expense(changed, run_suites):
    # Paid as an assisted person first (rule C2): the year's payout is more than what is payable under the last terms.
    path = changed(
        "update benefits.fct_payout set assistance_category = 'extremely_poor', annual_limit = null",
        "insert into benefits.fct_payout by name select * replace ("
        "'S0' as settlement_id, 'none' as assistance_category, 0 as eligible_expense,"
        " 300 as accumulated_before, 0 as payable_before, 0 as payable_after,"
        " 0 as payout_amount, 100 as annual_limit) from benefits.fct_payout",
        "update benefits.fct_accumulator_year set payable_expense = 0, annual_limit = 100",
    )
    results = run_suites(path, "marts", "fct_accumulator_year", "fct_payout")
    assert [result for result in results if not result.success] == []


# What cannot be run


def test_a_missing_column_is_a_critical_failure_of_its_checks_alone(changed, run_suites):
    path = changed("alter table staging.base_settlement drop column hosp_lv")
    results = run_suites(path, "raw", "raw_setl_d")
    failed = [result for result in results if not result.success]
    assert [(result.check, result.severity, result.ran) for result in failed] == [
        ("hospital_level_is_known", "critical", False)
    ]
    assert "hosp_lv" in failed[0].message
    assert "raw_setl_d.yml" in failed[0].message


def test_a_missing_table_is_a_critical_failure(changed, run_suites):
    results = run_suites(changed("drop table policy.benefit_schedule"), "marts", "benefit_schedule", "load_audit")
    failed = [result for result in results if not result.success]
    assert [(result.suite, result.severity) for result in failed] == [("benefit_schedule", "critical")]
    assert "policy.benefit_schedule is not in warehouse.duckdb" in failed[0].message


def test_a_missing_canary_table_is_no_pass(changed, run_suites):
    results = run_suites(changed("drop table staging.base_settlement"), "raw", "raw_setl_d", "raw_mdtrt_d")
    assert {result.suite for result in checks.critical_failures(results)} == {"raw_setl_d"}


def test_no_suites_at_all_is_no_pass(good, tmp_path):
    for border, names in checks.SUITES.items():
        results = checks.run_border(good, border, expectations_dir=tmp_path)
        assert [result.suite for result in checks.critical_failures(results)] == list(names)
        assert all(f"{result.suite}.yml" in result.message for result in results)


SUITE = {
    "name": "fct_fund_year",
    "meta": {"border": "marts", "table": "funds.fct_fund_year", "key_columns": ["scheme_id"]},
    "expectations": [
        {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": "select scheme_id from {batch} where insured_heads < 0"},
            "meta": {"name": "heads", "severity": "warning", "rule": "H1", "problem": "p", "what_to_do": "d"},
        }
    ],
}


def _expectation(**changes) -> dict:
    entry = SUITE["expectations"][0]
    meta = {key: value for key, value in {**entry["meta"], **changes.pop("meta", {})}.items() if value is not None}
    return {**SUITE, "expectations": [{**entry, **changes, "meta": meta}]}


def _query(query: str) -> dict:
    return _expectation(kwargs={"unexpected_rows_query": query})


def _condition(condition: str | None) -> dict:
    return _expectation(type="expect_no_rows_where", kwargs={"condition": condition} if condition else {})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name: [", "cannot be used as a suite"),
        ("just text", "no mapping"),
        ({**SUITE, "name": "other"}, "not that of the file"),
        ({**SUITE, "meta": {**SUITE["meta"], "border": "middle"}}, "meta.border"),
        ({**SUITE, "meta": {**SUITE["meta"], "table": "fct_fund_year"}}, "not schema.table"),
        ({**SUITE, "meta": {**SUITE["meta"], "key_columns": []}}, "no key_columns"),
        ({**SUITE, "expectations": []}, "no expectations"),
        ({**SUITE, "expectations": ["expect_the_best"]}, "no mapping with type"),
        ({**SUITE, "expectations": SUITE["expectations"] * 2}, "two checks are called heads"),
        (_expectation(type="expect_the_best"), "unknown expectation type"),
        (_expectation(meta={"name": None}), "no meta.name"),
        (_expectation(meta={"what_to_do": None}), "no meta.what_to_do"),
        (_expectation(meta={"severity": "bad"}), "not critical or warning"),
        (_query("select scheme_id from funds.fct_fund_year"), "does not read {batch}"),
        (_query("select scheme_id from {batch} where"), "could not be run"),
        (_query("select scheme_id from {batch} where no_such_column = 1"), "no_such_column"),
        (_query("select region_code from {batch} where payout_amount > 0"), "scheme_id"),
        (_query("select scheme_id from {batch} where $no_such_parameter"), "$no_such_parameter"),
        (_condition(None), "has no condition"),
        (_condition("insured_heads <"), "could not be run"),
        (_condition("no_such_column = 1"), "no_such_column"),
        (_condition("$no_such_parameter"), "$no_such_parameter"),
        (_expectation(type="expect_column_values_to_not_be_null", kwargs={}), "could not be run"),
    ],
)
def test_a_suite_that_is_wrong_is_a_critical_failure(good, tmp_path, content, told):
    path = tmp_path / "fct_fund_year.yml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    results = checks.run_border(good, "marts", expectations_dir=tmp_path, canary=False)
    failed = [result for result in checks.critical_failures(results) if result.suite == "fct_fund_year"]
    assert len(failed) == 1
    assert told in failed[0].message


def test_a_suite_that_is_right_replaces_nothing_else(good, tmp_path):
    (tmp_path / "fct_fund_year.yml").write_text(yaml.safe_dump(SUITE), encoding="utf-8")
    results = checks.run_border(good, "marts", expectations_dir=tmp_path)
    assert [result.suite for result in results if result.success] == ["fct_fund_year"]
    assert len(checks.critical_failures(results)) == len(checks.SUITES["marts"]) - 1


def test_an_unknown_border_is_refused(good):
    with pytest.raises(BorderError, match="no border 'middle': use raw or marts"):
        checks.run_border(good, "middle")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BorderError, match="no such DuckDB file"):
        checks.run_border(tmp_path / "nowhere.duckdb", "raw")


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_text("not a database " * 100)
    with pytest.raises(BorderError, match="cannot be opened"):
        checks.run_border(path, "raw")


def test_a_file_that_is_being_written_is_refused(changed):
    path = changed()
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(BorderError, match="Close whatever holds the file"):
            checks.run_border(path, "raw")
        holder.communicate("")


def test_a_file_that_this_process_holds_open_is_refused(changed):
    path = changed()
    with duckdb.connect(str(path), read_only=True), pytest.raises(BorderError, match="Close whatever holds"):
        checks.run_border(path, "raw")


# The canary


@pytest.mark.parametrize("border", checks.SUITES)
def test_the_canary_stops_a_run_in_which_everything_passes(good, monkeypatch, border):
    """Great Expectations with every result turned into a pass."""

    def always_right(self, *arguments):
        outcomes = original(self, *arguments)
        for outcome in outcomes.values():
            outcome.success = True
            outcome.result = {"observed_value": 0, "details": {"examples": []}}
        return outcomes

    original = checks._Warehouse.validate
    monkeypatch.setattr(checks._Warehouse, "validate", always_right)
    with pytest.raises(CanaryError, match="must fail and passed"):
        checks.run_border(good, border)


@pytest.mark.parametrize("kind", ["canary_row_count", "canary_custom_sql", "canary_row_by_row", "canary_no_rows"])
def test_each_kind_of_canary_is_heeded(good, monkeypatch, kind):
    def right_for_one_kind(suite, check, outcome):
        result = original(suite, check, outcome)
        return CheckResult(**{**vars(result), "success": True}) if check.name == kind else result

    original = checks._result
    monkeypatch.setattr(checks, "_result", right_for_one_kind)
    with pytest.raises(CanaryError, match=kind):
        checks.run_border(good, "raw")


def test_the_stock_dialect_never_gives_a_clean_result(good, monkeypatch, run_suites):
    monkeypatch.setattr(checks, "DIALECT", "duckdb")
    try:
        results = run_suites(good, "raw", "raw_psn_idet_d")
    except CanaryError:
        return
    assert checks.critical_failures(results)
    assert any(result.suite == "canary" for result in results)


def test_the_canary_can_be_left_out(good, monkeypatch, run_suites):
    monkeypatch.setattr(checks, "_run_canary", None)
    assert checks.critical_failures(run_suites(good, "marts", "load_audit", canary=False)) == []


# Around the run


def test_a_border_leaves_the_file_as_it_is_says_nothing_and_calls_nobody(changed, monkeypatch, capfd):
    def no_net(*_: object) -> None:
        raise AssertionError("the checks must not use the net")

    path = changed()
    files = {item.name for item in path.parent.iterdir()}
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(socket.socket, "connect", no_net)
    assert checks.critical_failures(checks.run_border(path, "raw")) == []
    assert {item.name for item in path.parent.iterdir()} == files
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert capfd.readouterr() == ("", "")


def test_the_file_may_lie_under_any_name(good, tmp_path, run_suites):
    path = tmp_path / "大病 $HOME" / "warehouse 1.duckdb"
    path.parent.mkdir()
    shutil.copyfile(good, path)
    results = run_suites(path, "marts", "fct_payout")
    assert results
    assert checks.critical_failures(results) == []


@pytest.fixture
def delivered_anew(good: Path, good_results, tmp_path: Path) -> tuple[Path, Earlier]:
    """A build with every raw fault in rows of a new file, and what is known of the build without that file."""
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(good, path)
    with duckdb.connect(str(path)) as connection:
        for _, _, table, changes, _ in RAW_FAULTS:
            says_file = {"source_file": "new.csv"} if "source_file" in COLUMNS[table] else {}
            _plant(connection, table, {**GOOD[table], **changes, **says_file})
    before = {(result.suite, result.check): result for result in good_results["raw"]}
    tables = [table for table in GOOD if table.startswith("staging.") and "source_file" in COLUMNS[table]]
    return path, Earlier(before, dict.fromkeys(tables, "source_file in ('new.csv')"))


def test_looking_at_new_rows_alone_gives_the_results_of_looking_at_all(delivered_anew):
    path, earlier = delivered_anew
    whole = checks.run_border(path, "raw")
    assert sum(not result.success for result in whole) > 60
    assert checks.run_border(path, "raw", earlier=earlier) == whole
    with duckdb.connect(str(path), read_only=True) as connection:
        schemas = {
            name for (name,) in connection.execute("select schema_name from information_schema.schemata").fetchall()
        }
    assert checks.NEW_ROWS not in schemas


def test_rows_of_which_a_check_held_are_not_looked_at_again(delivered_anew):
    path, earlier = delivered_anew
    nothing_new = replace(earlier, new_rows=dict.fromkeys(earlier.new_rows, "false"))
    results = {(result.suite, result.check): result for result in checks.run_border(path, "raw", earlier=nothing_new)}
    assert results["raw_setl_d", "settlement_time_is_not_ancient"].success
    assert results["raw_setl_d", "total_is_the_sum_of_its_parts"].success
    # Its query reads other tables too, and these may have changed.
    assert not results["raw_psn_idet_d", "identity_codes_have_a_meaning"].success
    of_nothing = replace(nothing_new, results={})
    assert checks.run_border(path, "raw", earlier=of_nothing) == checks.run_border(path, "raw")


def test_rows_that_failed_are_counted_on(good, tmp_path):
    """Settlements with every fault, delivered twice; what the first delivery said is known as it is published."""
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(good, path)
    found = []
    for file in ("old.csv", "new.csv"):
        with duckdb.connect(str(path)) as connection:
            for suite, _, table, changes, _ in RAW_FAULTS:
                if suite == "raw_setl_d":
                    _plant(connection, table, {**GOOD[table], **changes, "source_file": file})
        found.append(checks.run_border(path, "raw"))
    before = {
        (result.suite, result.check): replace(result, examples=("; ".join(result.examples),) if result.examples else ())
        for result in found[0]
    }
    others = {suite for suite in checks.SUITES["raw"] if suite != "raw_setl_d"}
    earlier = Earlier(before, {"staging.base_settlement": "source_file = 'new.csv'"}, True, others)
    assert checks.run_border(path, "raw", earlier=earlier) == found[1]
    assert checks.run_border(path, "raw", earlier=replace(earlier, unchanged=())) == found[1]
    # The rows of before are not looked at once more, nor beside a table that is as it was.
    for check in ("total_is_the_sum_of_its_parts", "persons_with_settlements_are_insured"):
        known = {("raw_setl_d", check): replace(before["raw_setl_d", check], failing_rows=1000, examples=(TEN_KEYS,))}
        results = checks.run_border(path, "raw", earlier=replace(earlier, results={**before, **known}))
        (result,) = (result for result in results if result.check == check)
        assert result.failing_rows == 1000 + before["raw_setl_d", check].failing_rows
        assert result.examples[0] == "setl_id=A0"
    # Rows that stand for others are not counted beside these.
    more = {key: replace(result, failing_rows=99) for key, result in before.items()}
    replaced = Earlier(more, earlier.new_rows)
    assert checks.run_border(path, "raw", earlier=replaced) == found[1]


TEN_KEYS = "; ".join(f"setl_id=A{number}" for number in range(10))


def test_of_a_table_without_new_rows_a_check_of_rows_says_what_it_said(delivered_anew):
    path, earlier = delivered_anew
    before = {key: replace(result, success=False, failing_rows=77) for key, result in earlier.results.items()}
    stands = Earlier(before, earlier.new_rows, True, {"raw_setl_d"})
    results = {(result.suite, result.check): result for result in checks.run_border(path, "raw", earlier=stands)}
    for check in ("hospital_level_is_known", "total_is_the_sum_of_its_parts"):
        assert results["raw_setl_d", check].failing_rows == 77
    # It reads other tables too.
    assert results["raw_setl_d", "nothing_is_settled_at_a_test_hospital"].failing_rows == 1
    assert results["raw_psn_info_b", "sex_is_known"].failing_rows == 1


def test_results_are_written_run_after_run(changed, run_suites):
    path = changed()
    results = run_suites(path, "raw", "raw_setl_d")
    checks.write_results(path, results, "run-1", datetime(2022, 1, 1, 8))
    checks.write_results(path, results, "run-2", datetime(2022, 1, 2, 8))
    checks.write_results(path, [], "run-3", datetime(2022, 1, 3, 8))
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "select run_id, checked_at, count(*), bool_and(success) from quality.check_result group by all order by 1"
        ).fetchall()
    assert found == [
        ("run-1", datetime(2022, 1, 1, 8), len(results), True),
        ("run-2", datetime(2022, 1, 2, 8), len(results), True),
    ]


def test_a_written_result_names_rows_but_no_person(changed, bad_results):
    path = changed()
    checks.write_results(path, bad_results.values(), "run-1", datetime(2022, 1, 1, 8))
    with duckdb.connect(str(path), read_only=True) as connection:
        written = {
            (suite, check): (examples, message)
            for suite, check, examples, message in connection.execute(
                "select suite, check_name, examples, message from quality.check_result"
            ).fetchall()
        }
    assert written["raw_mdtrt_d", "nobody_is_treated_after_death"][0] == "mdtrt_id=C5"
    examples, _ = written["raw_psn_info_b", "sex_is_known"]
    assert "psn_no=D3" in bad_results["raw_psn_info_b", "sex_is_known"].message
    assert examples == "withheld: they name persons (rule J3)"
    assert all("psn_no=" not in f"{row}" for row in written.values())


def test_results_need_their_table(changed, good_results):
    path = changed("drop table quality.check_result")
    with pytest.raises(BorderError, match="Build the model check_result first"):
        checks.write_results(path, good_results["raw"], "run-1", datetime(2022, 1, 1, 8))


# The suites themselves


def test_every_border_has_its_suites_and_no_file_is_left_over():
    names = {path.stem for path in checks.EXPECTATIONS.iterdir()}
    assert names == {name for suites in checks.SUITES.values() for name in suites}


def test_checks_cite_rules_of_the_rulebook():
    rules = {
        f"{letter}{number}"
        for letter, last in zip("ABCDEGHIJ", (7, 7, 3, 5, 9, 7, 7, 10, 3), strict=True)
        for number in range(1, last + 1)
    }
    for path in checks.EXPECTATIONS.glob("*.yml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["expectations"]:
            assert entry["meta"]["rule"] in rules, (path.name, entry["meta"]["name"])
