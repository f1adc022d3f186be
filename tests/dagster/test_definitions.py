"""Dagster over the project: it loads, materialises what a run published, and gets past neither checks nor the lock."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = PROJECT / ".venv" / "bin" / "dabing"
# A settlement from before there was a policy.
EARLY = (
    "setl_id,psn_no,insutype,insu_admdvs,med_type,setl_time,medfee_sumamt,fulamt_ownpay_amt,overlmt_selfpay,"
    "preselfpay_amt,inscp_amt,hifp_pay\n"
    "S-early,P-early,390,330302,21,2019-06-01 10:00:00,90000.00,0,0,0,90000.00,0\n"
)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    """The definitions over a small sample of their own."""
    top = tmp_path_factory.mktemp("dagster")
    made = subprocess.run([COMMAND, "sample", "--directory", top / "raw", "--persons", "1000"], check=False)
    assert made.returncode == 0
    patch = pytest.MonkeyPatch()
    patch.setenv("DABING_RAW", str(top / "raw"))
    patch.setenv("DABING_WAREHOUSE", str(top / "warehouse"))
    # What is tested is that there is another try, not the waiting.
    patch.setenv("DABING_RETRY_SECONDS", "0")
    spec = importlib.util.spec_from_file_location("definitions", PROJECT / "deploy" / "dagster" / "definitions.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["definitions"] = module
    spec.loader.exec_module(module)
    yield module
    patch.undo()


def execute(definitions) -> dg.ExecuteInProcessResult:
    """The nightly job, in this process."""
    return definitions.defs.resolve_job_def("dabing_nightly").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), raise_on_error=False
    )


def events(result: dg.ExecuteInProcessResult, kind: str) -> list[dg.DagsterEvent]:
    """The events of a kind."""
    return [event for event in result.all_events if event.event_type_value == kind]


def test_every_table_is_an_asset_and_every_check_an_asset_check(definitions):
    dg.Definitions.validate_loadable(definitions.defs)
    manifest = json.loads((PROJECT / "target" / "manifest.json").read_text())
    graph = definitions.defs.resolve_asset_graph()
    made = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    assert {dg.AssetKey([node["schema"], node["alias"]]) for node in made} == set(graph.materializable_asset_keys)
    payout = dg.AssetKey(["benefits", "fct_payout"])
    assert graph.get(payout).parent_keys
    assert dg.AssetKey(["raw", "setl_d"]) in graph.get_all_asset_keys()
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert sum(suite == "dbt" for suite, _ in definitions.CHECKS) == len(tests)
    assert sum(suite != "dbt" for suite, _ in definitions.CHECKS) > 200


def test_the_schedule_asks_for_one_run_a_night(definitions):
    (schedule,) = definitions.defs.schedules
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 2 * * *", "Asia/Shanghai")
    repository = definitions.defs.get_repository_def()
    tick = schedule.evaluate_tick(dg.build_schedule_context(repository_def=repository))
    assert len(tick.run_requests) == 1


def test_nights_one_after_the_other(definitions):
    # First night: everything is built, checked, published, and only then materialised.
    first = execute(definitions)
    assert first.success
    materialized = {event.asset_key for event in first.get_asset_materialization_events()}
    assert materialized == {spec.key for spec in definitions.ASSETS.values()}
    counted = {
        event.asset_key: event.materialization.metadata["dagster/row_count"].value
        for event in first.get_asset_materialization_events()
        if "dagster/row_count" in event.materialization.metadata
    }
    assert counted[dg.AssetKey(["benefits", "fct_payout"])] > 0
    evaluated = first.get_asset_check_evaluations()
    assert len(evaluated) == len(definitions.CHECKS)
    assert not [check for check in evaluated if check.description and "was not made" in check.description]
    assert {check.severity for check in evaluated if not check.passed} == {dg.AssetCheckSeverity.WARN}
    served = (definitions.WAREHOUSE / "dabing.duckdb").stat().st_ino

    # Nothing new: no asset is made again, what is served keeps its checks.
    second = execute(definitions)
    assert second.success
    assert second.get_asset_materialization_events() == []
    assert len(second.get_asset_check_evaluations()) == len(definitions.CHECKS)

    # Another run holds the warehouse: a failure that is tried again.
    with (definitions.WAREHOUSE / "run.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        busy = execute(definitions)
    assert not busy.success
    assert len(events(busy, "STEP_UP_FOR_RETRY")) == 3
    (given_up,) = events(busy, "STEP_FAILURE")
    assert "Another run is at work." in str(given_up.event_specific_data)

    # A critical check: it is shown as failed, nothing is materialised, and it is not tried again.
    early = definitions.RAW / "setl_d" / "early.csv"
    early.write_text(EARLY)
    failed = execute(definitions)
    assert not failed.success
    assert failed.get_asset_materialization_events() == []
    errors = [
        check
        for check in failed.get_asset_check_evaluations()
        if check.severity == dg.AssetCheckSeverity.ERROR and not check.passed
    ]
    assert any("finds_its_policy" in check.check_name for check in errors)
    assert events(failed, "STEP_UP_FOR_RETRY") == []
    assert (definitions.WAREHOUSE / "dabing.duckdb").stat().st_ino == served
