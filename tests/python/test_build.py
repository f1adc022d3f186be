"""The build of the sample: what the manifest planted is found, the database explains itself, policy is rows."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import DATABASE, PROJECT, Build, copy_project

PUBLIC = {
    "benefits": {
        "fct_claim_expense",
        "fct_payout",
        "fct_payout_tier",
        "fct_accumulator_year",
        "fct_cover_span",
        "fct_burden",
        "fct_burden_year",
        "fct_payout_variance",
        "payout_trace",
    },
    "funds": {
        "fct_fund_year",
        "fund_year_by_region",
        "fct_fund_month",
        "fct_fund_true_up",
        "fct_fund_quarter_plan",
        "fct_fund_corridor",
        "fct_fund_cycle",
        "fct_insurer_result",
        "fct_participation",
        "fct_cost_per_head",
        "fct_claim_triangle",
        "fct_completion_factor",
        "fct_balancing_standard",
    },
    "policy": {"dim_scheme", "benefit_schedule", "policy_document", "guardrail_check", "fct_scenario"},
    "oversight": {
        "poverty_risk_watchlist",
        "relief_case",
        "enrolment_gap",
        "claim_review_flag",
        "claim_review_month",
        "institution_own_expense",
        "disease_ranking",
        "institution_ranking",
        "item_ranking",
        "visit_flow",
        "tilt_and_deposit",
        "fund_warning",
        "annual_disclosure",
    },
    "quality": {
        "load_audit",
        "quarantine",
        "correction",
        "check_result",
        "accumulator_reconciliation",
        "release",
        "release_input",
    },
    "shared": {"dim_person", "dim_region", "dim_institution", "dim_date", "dim_disease"},
}


@pytest.fixture(scope="module")
def warehouse(sample_build):
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def manifest(sample_build) -> dict:
    return json.loads((sample_build.raw / "_manifest.json").read_text())


def dbt(*arguments: str | Path, raw: Path, project: Path) -> str:
    """A dbt command in a copy of the project, on DATABASE there; its output. Fails the test when dbt fails."""
    (project / DATABASE.parent).mkdir(parents=True, exist_ok=True)
    told = {"DABING_DATABASE": DATABASE, "DABING_SPILL": DATABASE.with_name("spill"), "DABING_RAW": raw}
    finished = subprocess.run(
        [Path(sys.executable).with_name("dbt"), *map(str, arguments)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), **{name: str(path) for name, path in told.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-4000:]
    return finished.stdout


def copy_build(build: Build, project: Path) -> Path:
    """A copy of a build where dbt finds it in a copy of the project."""
    (project / DATABASE.parent).mkdir(parents=True)
    return Path(shutil.copy(build.database, project / DATABASE))


def test_rows_of_every_raw_table_are_where_the_manifest_says(warehouse, manifest):
    found = {
        table: dict(zip(("delivered", "accepted", "superseded", "void", "quarantined"), map(int, counts), strict=True))
        for table, *counts in warehouse.execute(
            "select raw_table, sum(delivered), sum(accepted), sum(superseded), sum(void), sum(quarantined)"
            " from quality.load_audit group by all"
        ).fetchall()
    }
    planted = {table: {name: told[name] for name in found[table]} for table, told in manifest["tables"].items()}
    assert found == planted


def test_quarantine_reasons_are_those_planted(warehouse, manifest):
    found: dict[str, dict[str, int]] = {}
    for table, reasons in warehouse.execute("select raw_table, reasons from quality.quarantine").fetchall():
        for code in set(re.findall(r"\bQ\d\d\b", reasons)):
            found.setdefault(table, {}).setdefault(code, 0)
            found[table][code] += 1
    planted = {
        table: told["quarantined_by_reason"]
        for table, told in manifest["tables"].items()
        if told["quarantined_by_reason"]
    }
    assert found == planted


def test_every_public_table_is_there(warehouse):
    found = set(
        warehouse.execute(
            "select schema_name, table_name from duckdb_tables() union all"
            " select schema_name, view_name from duckdb_views() where not internal"
        ).fetchall()
    )
    assert {(schema, table) for schema, tables in PUBLIC.items() for table in tables} <= found


def test_later_layers_pay_what_the_manifest_says(warehouse, manifest):
    """Rules E6, E7, F2, F3, G1 to G6, I2: the scripted persons, worked out by hand."""
    names = ("supp", "aid", "relief", "oop")
    burdens = {
        settlement: dict(zip(names, amounts, strict=True))
        for settlement, *amounts in warehouse.execute(
            "select settlement_id, supplementary_paid, medical_aid_paid, relief_paid, out_of_pocket"
            " from benefits.fct_burden where starts_with(settlement_id, 'PLANT')"
        ).fetchall()
    }
    covers = dict(
        warehouse.execute(
            "select settlement_id, cover_status from benefits.int_settlement_cover"
            " where starts_with(settlement_id, 'PLANT')"
        ).fetchall()
    )
    planted = {s: told for case in manifest["cases"].values() for s, told in case.get("expected_layers", {}).items()}
    wrong = {
        (settlement, name): (expected, covers.get(settlement) if name == "cover" else burdens[settlement][name])
        for settlement, told in planted.items()
        for name, expected in told.items()
        if (covers.get(settlement) != expected if name == "cover" else burdens[settlement][name] != Decimal(expected))
    }
    assert not wrong
    assert len(planted) > 80


def test_every_planted_cause_of_a_variance_is_named(warehouse, manifest):
    """Rule E8: each cause stands in the sample and is found, and nothing else there is called unexplained."""
    found = dict(
        warehouse.execute(
            "select settlement_id, cause from benefits.fct_payout_variance where starts_with(settlement_id, 'PLANT')"
        ).fetchall()
    )
    planted = {s: told for case in manifest["cases"].values() for s, told in case.get("expected_cause", {}).items()}
    assert {settlement: found.get(settlement) for settlement in planted} == planted
    assert set(planted.values()) == {
        "none", "other_column", "rounding", "reversal", "category", "deductible", "limit", "tier", "coverage",
        "not_recorded", "unexplained",
    }  # fmt: skip
    assert {settlement for settlement, cause in found.items() if cause in ("unexplained", "not_recorded")} == {
        settlement for settlement, cause in planted.items() if cause in ("unexplained", "not_recorded")
    }


def test_planted_funds_are_what_the_manifest_says(warehouse, manifest):
    """Rules H1 to H3: transfers late and short, true-ups both ways, a year without premium, a balance that differs."""
    planted = {
        (told["region_code"], int(year), column): value
        for case in manifest["cases"].values()
        for year, told in case.get("expected_fund", {}).items()
        for column, value in told.items()
        if column != "region_code"
    }
    found = {}
    for region, year, column in planted:
        marts = warehouse.execute(
            "select table_name from duckdb_columns() where table_name in ('fct_fund_true_up', 'fct_fund_year')"
            " and column_name = ? order by 1",
            [column],
        ).fetchone()
        (found[region, year, column],) = warehouse.execute(
            f"select {column}::varchar from funds.{marts[0]} where scheme_id = 'jilin_cii' and region_code = ?"
            " and benefit_year = ?",
            [region, year],
        ).fetchone()
    assert found == planted
    assert {value for (*_, column), value in planted.items() if column.endswith("_status")} == {
        "on_time", "late", "short", "not_received", "nothing_due",
    }  # fmt: skip


def test_a_cycle_of_the_sample_ends_in_a_loss_that_its_insurers_bear(warehouse):
    """Rule H6: the whole loss falls to the insurers, and the next cycle begins with nothing, county by county."""
    (year, result), *others = warehouse.execute(
        "select benefit_year, cycle_result_amount from funds.fct_fund_cycle where result_goes_to = 'insurers'"
    ).fetchall()
    assert not others and result < 0
    assert warehouse.execute(
        "select sum(insurer_amount), count(*) from funds.fct_insurer_result"
        " where scheme_id = 'lishui_supplementary' and last_year = ?", [year]
    ).fetchone() == (result, 2)  # fmt: skip
    assert warehouse.execute(
        "select opening_balance_amount from funds.fct_fund_cycle where benefit_year = ?", [year + 1]
    ).fetchone() == (Decimal("0.00"),)
    assert warehouse.execute(
        "select sum(borne_by_insurers_amount), max(abs(balance_amount)), count(*) > 20 from funds.fct_fund_year"
        " where scheme_id = 'lishui_supplementary' and benefit_year = ?", [year]
    ).fetchone() == (-result, Decimal("0.00"), True)  # fmt: skip


def test_what_a_scenario_pays_more_is_in_its_balancing_standard(warehouse):
    """Rule H1: the years' payouts and the differences of fct_scenario, to the fen."""
    differing = warehouse.execute(
        """
        with told as (
            select scenario_id, scheme_id, benefit_year, sum(payout_difference) as difference
            from policy.fct_scenario group by all
        ), enacted as (select * from funds.fct_balancing_standard where scenario_id = 'enacted')
        select standard.scenario_id, standard.benefit_year
        from funds.fct_balancing_standard as standard
        inner join enacted using (scheme_id, benefit_year)
        left join told on told.scenario_id = standard.scenario_id and told.scheme_id = standard.scheme_id
            and told.benefit_year = standard.benefit_year
        where standard.payout_amount <> enacted.payout_amount + coalesce(told.difference, 0)
            or sign(standard.balancing_standard - enacted.balancing_standard) * sign(coalesce(told.difference, 0)) < 0
        """
    ).fetchall()
    assert differing == []
    assert warehouse.execute(
        "select count(*) from funds.fct_balancing_standard where payout_difference <> 0"
    ).fetchone() > (5,)


def test_every_table_and_column_says_what_it_is(warehouse):
    silent = warehouse.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where comment is null"
        " and database_name = current_database() and not internal and table_name not like 'csv_%'"
    ).fetchall()
    silent += warehouse.execute(
        "select schema_name, table_name, '' from duckdb_tables() where comment is null and table_name not like 'csv_%'"
    ).fetchall()
    assert silent == []


def test_no_public_table_holds_a_float(warehouse):
    floats = warehouse.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where data_type in ('DOUBLE', 'FLOAT') and not internal"
    ).fetchall()
    assert floats == []


def test_checks_of_the_run_are_kept_with_it(warehouse):
    suites, failed = warehouse.execute(
        "select count(distinct suite), count(*) filter (where not success and severity = 'critical')"
        " from quality.check_result"
    ).fetchone()
    assert suites > 10
    assert failed == 0


def test_plain_dbt_build_runs_the_unit_tests_and_gives_the_same(sample_build, tmp_path):
    project = copy_project(tmp_path / "project")
    said = dbt("build", raw=sample_build.raw, project=project)
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    unit_tests = [result for result in results if result["unique_id"].startswith("unit_test.")]
    assert len(unit_tests) >= 120, said[-2000:]
    assert {result["status"] for result in unit_tests} == {"pass"}
    with duckdb.connect(str(project / DATABASE), read_only=True) as built:
        built.execute(f"attach '{sample_build.database}' as published (read_only)")
        differing = built.execute(
            "select count(*) from ("
            "(select settlement_id, scheme_id, payout_amount from benefits.fct_payout"
            " except select settlement_id, scheme_id, payout_amount from published.benefits.fct_payout)"
            " union all (select settlement_id, scheme_id, payout_amount from published.benefits.fct_payout"
            " except select settlement_id, scheme_id, payout_amount from benefits.fct_payout))"
        ).fetchone()
    assert differing == (0,)


def test_a_changed_number_in_a_seed_changes_what_is_paid(sample_build, tmp_path):
    """What the README shows a policy person: a deductible is a cell."""
    project = copy_project(tmp_path / "project")
    path = project / "seeds" / "policy" / "benefit_term.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["scheme_id"] == "xianyang_cii":
            row["deductible"] = "9000.00"
    tiers = project / "seeds" / "policy" / "benefit_tier.csv"
    tiers.write_text(tiers.read_text().replace("xianyang_cii,resident,1,10000.00", "xianyang_cii,resident,1,9000.00"))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    database = copy_build(sample_build, project)
    dbt(
        "build", "--select", "benefit_term+", "benefit_tier+", "--exclude-resource-type", "unit_test",
        raw=sample_build.raw, project=project,
    )  # fmt: skip
    totals = "select scheme_id, sum(payout_amount) from benefits.fct_payout group by all"
    with duckdb.connect(str(database), read_only=True) as changed:
        after = dict(changed.execute(totals).fetchall())
    with duckdb.connect(str(sample_build.database), read_only=True) as published:
        before = dict(published.execute(totals).fetchall())
    assert after["xianyang_cii"] > before["xianyang_cii"]
    assert {scheme for scheme in before if before[scheme] != after[scheme]} == {"xianyang_cii"}


def test_the_order_of_aid_and_supplementary_insurance_is_a_cell(sample_build, tmp_path):
    """Rule E6: 20,000 of an aided person, 8,800 paid before. After: 1,650 and 80% of 9,550; before: 80% of 11,200."""
    project = copy_project(tmp_path / "project")
    path = project / "seeds" / "policy" / "scheme.csv"
    text = path.read_text()
    assert "medical_aid,331100,all,40," in text
    path.write_text(text.replace("medical_aid,331100,all,40,", "medical_aid,331100,all,25,"))
    database = copy_build(sample_build, project)
    query = (
        "select supplementary_paid, medical_aid_paid, out_of_pocket from benefits.fct_burden"
        " where settlement_id = 'PLANT-layer-aid-after-supplementary-1-2'"
    )
    after = (Decimal("1650.00"), Decimal("7640.00"), Decimal("1910.00"))
    with duckdb.connect(str(database), read_only=True) as unchanged:
        assert unchanged.execute(query).fetchone() == after
    dbt(
        "build", "--select", "scheme", "int_aided_settlement+", "--exclude", "check_result",
        "--exclude-resource-type", "unit_test", "test",
        raw=sample_build.raw, project=project,
    )  # fmt: skip
    with duckdb.connect(str(database), read_only=True) as changed:
        assert changed.execute(query).fetchone() == (Decimal("0.00"), Decimal("8960.00"), Decimal("2240.00"))


def test_the_rule_index_names_files_that_exist():
    text = (PROJECT / "docs" / "rules.md").read_text()
    paths = re.findall(r"`((?:models|macros|tests|seeds|expectations|dabing)/[\w/.*]+)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not list(PROJECT.glob(path))] == []
