"""`dabing explain`: in both languages, as text and JSON, and what it says of what does not exist (rule E9)."""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import pytest
from conftest import run_dabing

STRADDLE = "PLANT-layer-straddle-both-pools-1-2"


def said(build, *arguments: str) -> str:
    finished = run_dabing("explain", "--warehouse", build.database.parent, *arguments)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def refused(build, *arguments: str) -> str:
    finished = run_dabing("explain", "--warehouse", build.database.parent, *arguments)
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    return " ".join(finished.stderr.split())


def test_a_settlement_is_explained_step_by_step_with_its_articles(sample_build):
    text = said(sample_build, STRADDLE)
    for part in (
        "Lishui critical illness insurance",
        "Coinsurance self-pay: 20,000.00 yuan.",
        "Not counted: Class-B self-pay, 1,000.00 yuan.",
        "Deductible on reasonable expense: 18,000.00 yuan.",
        "Tier 1: 1,000.00 yuan at 75.00%: 750.00 yuan.",
        "Tier 2: 600.00 yuan at 85.00%: 510.00 yuan.",
        "article 3.5.3",
        "Out of pocket: 18,340.00",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("settlement", "by_rates", "paid"),
    [
        ("PLANT-limit-cuts-what-is-left-1-2", "35,000.00", "17,200.00"),
        ("PLANT-reversal-never-below-nothing-paid-1-3", "-13,720.00", "-8,730.00"),
    ],
)
def test_what_holds_a_payout_is_said(sample_build, settlement, by_rates, paid):
    told = f"By the rates alone {by_rates} yuan; held to the limit and to what was paid in the year: {paid} yuan."
    assert told in said(sample_build, settlement)


@pytest.mark.parametrize(
    ("settlement", "told"),
    [
        ("PLANT-layer-after-waiting-1-2", "The cover of the year begins on 2021-10-01."),
        ("PLANT-layer-after-waiting-1-2", "Left of settlements outside cover, which never counts: 9,600.00 yuan."),
        ("PLANT-layer-after-waiting-1-2", "article 3.8.2]"),
        ("PLANT-layer-without-premium-1-1", "Cover: no premium for the year."),
        ("PLANT-layer-without-premium-1-1", "Outside cover nothing counts: "),
        ("PLANT-layer-aid-outpatient-limit-1-2", "Limit of the year on outpatient care: 20,000.00 yuan. ["),
        ("PLANT-layer-aid-outpatient-limit-1-2", "This category bears 50.00% of the deductible. ["),
        ("PLANT-reversal-same-year-1-2", "It takes back settlement PLANT-reversal-same-year-1-1 of 2021-"),
        ("PLANT-recorded-in-other-column-1-1", "Cause: recorded in the column of the other insurance type."),
    ],
)
def test_what_an_official_is_asked_is_answered(sample_build, settlement, told):
    assert told in said(sample_build, settlement)


def test_it_speaks_chinese(sample_build):
    text = said(sample_build, STRADDLE, "--language", "zh")
    for part in (
        "浙丽保",
        "参保状态：参保有效。",
        "自付20,000.00元。",
        "第3.5.3条]",
        "第2段：600.00元，比例85.00%，支付510.00元。",
    ):
        assert part in text
    assert "个人负担: 18,340.00" in text


def test_json_adds_up_and_holds_no_float(sample_build):
    found = json.loads(said(sample_build, STRADDLE, "--json"), parse_float=lambda text: pytest.fail(f"float {text}"))
    tiers = [
        Decimal(step["amount"])
        for scheme in found["schemes"]
        if scheme["scheme_id"] == "lishui_supplementary"
        for step in scheme["steps"]
        if step["step"] == "tier"
    ]
    assert sum(tiers) == Decimal(found["settlement"]["supplementary_paid"]) == Decimal("1260.00")


def test_a_person_year_is_found_by_number_and_by_key(sample_build):
    by_number = said(sample_build, "--person", "PLANT-layer-compliant-1", "--year", "2021", "--json")
    key = json.loads(by_number)["person_year"]["person_key"]
    assert said(sample_build, "--person", key, "--year", "2021", "--json") == by_number
    assert len(json.loads(by_number)["settlements"]) == 4
    text = said(sample_build, "--person", key, "--year", "2021")
    assert "4 settlements" in text
    assert "Lishui critical illness insurance: counted " in text
    assert "left of the deductible 0.00, of the limit 4" in text


def test_what_does_not_exist_is_said_and_something_near_is_suggested(sample_build):
    assert f"Did you mean {STRADDLE[:-1]}1, {STRADDLE}" in refused(sample_build, STRADDLE[:-1])
    assert "in quarantine (Q03" in refused(sample_build, "PLANT-quarantine-Q03-1-1")
    assert "Years with settlements: 2021" in refused(
        sample_build, "--person", "PLANT-layer-compliant-1", "--year", "1999"
    )
    assert "no such person" in refused(sample_build, "--person", "nobody", "--year", "2021")
    assert "name a settlement" in refused(sample_build)


def test_a_folder_without_a_warehouse_is_told(tmp_path):
    finished = run_dabing("explain", "--warehouse", tmp_path, "S1")
    assert finished.returncode == 1
    assert "there is no published warehouse" in " ".join(finished.stderr.split())


def test_every_step_of_the_sample_has_its_sentences_and_payouts_agree(sample_build):
    with duckdb.connect(str(sample_build.database), read_only=True) as warehouse:
        silent = warehouse.execute(
            "select count(*) from benefits.payout_trace where explanation is null or explanation_zh is null"
            " or contains(explanation, '{') or contains(explanation_zh, '{')"
        ).fetchone()
        differing = warehouse.execute(
            "select count(*) from benefits.fct_payout as payout full join ("
            " select settlement_id, scheme_id, sum(amount) as amount from benefits.payout_trace"
            " where step = 'payout' and scheme_id in (select scheme_id from benefits.fct_payout) group by all"
            ") as trace using (settlement_id, scheme_id) where payout.payout_amount is distinct from trace.amount"
        ).fetchone()
        doubled = warehouse.execute(
            "select count(*) from (select 1 from benefits.payout_trace"
            " group by settlement_id, scheme_id, step_no, item, document_id, article having count(*) > 1)"
        ).fetchone()
    assert (silent, differing, doubled) == ((0,), (0,), (0,))
