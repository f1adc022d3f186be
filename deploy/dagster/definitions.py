"""Dagster: the tables of dbt's manifest as assets, their checks as asset checks, one run a night.

    export DABING_RAW=/data/extract DABING_WAREHOUSE=/data/warehouse
    .venv-dagster/bin/dagster dev -f deploy/dagster/definitions.py

All assets come out of one `dabing run`, a process in the environment of dabing: it holds the lock of the warehouse and
publishes all or nothing, so Dagster can neither build a part nor get past a check. Dagster says when, tries again,
and shows what came out. Its own environment (requirements-dagster.txt) needs nothing of dbt.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

PROJECT = Path(__file__).resolve().parents[2]
MANIFEST = Path(os.environ.get("DBT_TARGET_PATH", PROJECT / "target")) / "manifest.json"
COMMAND = Path(os.environ.get("DABING_COMMAND", PROJECT / ".venv" / "bin" / "dabing"))
RAW = Path(os.environ.get("DABING_RAW", PROJECT / "raw"))
WAREHOUSE = Path(os.environ.get("DABING_WAREHOUSE", PROJECT / "warehouse"))
CRON = os.environ.get("DABING_CRON", "30 2 * * *")
# Another run is at work, a delivery is not complete, a disk is full: worth another try. A failed check is not.
RETRIES = 3
SECONDS_BETWEEN = float(os.environ.get("DABING_RETRY_SECONDS", "900"))
EXIT_BUSY = 3
SEVERITY = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def _manifest() -> dict[str, Any]:
    if not MANIFEST.exists():
        raise FileNotFoundError(f"{MANIFEST}: there is no manifest yet. Run `{COMMAND.with_name('dbt')} parse` first.")
    return json.loads(MANIFEST.read_text(encoding="utf-8"))


def _suites() -> list[dict[str, Any]]:
    """The Great Expectations suites of both borders."""
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(PROJECT.glob("expectations/*.yml"))]


def _key(node: dict[str, Any]) -> dg.AssetKey:
    if node["resource_type"] == "source":
        return dg.AssetKey([node["source_name"], node["name"]])
    return dg.AssetKey([node["schema"], node["alias"]])


def _asset_specs(manifest: dict[str, Any]) -> dict[str, dg.AssetSpec]:
    """Seeds and models by their unique id; skippable, for a run that finds nothing new makes none of them."""
    known = manifest["nodes"] | manifest["sources"]
    made = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    parents = {name: node["depends_on"].get("nodes", ()) for name, node in made.items()}
    return {
        name: dg.AssetSpec(
            key=_key(made[name]),
            deps={_key(known[parent]) for parent in parents[name] if parent in known},
            description=made[name]["description"],
            group_name=made[name]["schema"],
            kinds={"dbt", "duckdb"},
            skippable=True,
        )
        # Dagster wants what an asset is made from to be told before it.
        for name in TopologicalSorter(parents).static_order()
        if name in made
    }


def _raw_specs(manifest: dict[str, Any]) -> list[dg.AssetSpec]:
    """The raw tables, which nothing here makes."""
    return [
        dg.AssetSpec(key=_key(node), description=node["description"], group_name="raw")
        for node in manifest["sources"].values()
    ]


def _check_specs(manifest: dict[str, Any], assets: dict[str, dg.AssetSpec]) -> dict[tuple[str, str], dg.AssetCheckSpec]:
    """Every check of a run by suite and name: dbt's data tests, and the expectations at both borders."""
    specs = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        tested = [node.get("attached_node"), *node["depends_on"]["nodes"]]
        asset = next((assets[name] for name in tested if name in assets), None)
        if asset is not None:
            name = re.sub(r"\W", "_", node["name"])
            specs["dbt", node["name"]] = dg.AssetCheckSpec(name, asset=asset.key, description=node["description"])
    for suite in _suites():
        for expectation in suite["expectations"]:
            meta = expectation["meta"]
            specs[suite["name"], meta["name"]] = dg.AssetCheckSpec(
                f"{suite['meta']['border']}_border_{meta['name']}",
                asset=dg.AssetKey(suite["meta"]["table"].split(".")),
                description=f"{meta['problem']} (rule {meta['rule']}). {meta['what_to_do']}",
            )
    return specs


MANIFESTED = _manifest()
ASSETS = _asset_specs(MANIFESTED)
CHECKS = _check_specs(MANIFESTED, ASSETS)


@dg.multi_asset(
    name="dabing_run",
    specs=list(ASSETS.values()),
    check_specs=list(CHECKS.values()),
    can_subset=False,
    retry_policy=dg.RetryPolicy(max_retries=RETRIES, delay=SECONDS_BETWEEN),
)
def dabing_run(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Build, check and publish the warehouse; nothing of it is materialised unless all of it is published."""
    code, events, sentences = _run(context.log.info)
    last = events[-1] if events else {}
    if code == 0 and last.get("event") == "published":
        account = _account(last["page"])
        rows = {row["table"]: row["rows"] for row in account.get("tables", ())}
        for spec in ASSETS.values():
            counted = rows.get(".".join(spec.key.path))
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata={
                    "release": last["release"],
                    "page": dg.MetadataValue.path(str(last["page"])),
                    **({} if counted is None else {"dagster/row_count": counted}),
                },
            )
        yield from _check_results(account)
    elif code == 0:
        context.log.info(last.get("message", "Nothing to do."))
        pages = sorted(WAREHOUSE.glob(f"releases/{last.get('release', 0):06d}-*/run.html"))
        yield from _check_results(_account(pages[-1] if pages else None))
    else:
        account = _account(last.get("page")) if last.get("event") == "failed" else {}
        yield from _check_results(account, only_failing=True)
        hopeless = any(check["severity"] == "critical" and not check["success"] for check in account.get("checks", ()))
        raise dg.Failure(
            "Another run is at work." if code == EXIT_BUSY else f"dabing run ended with {code}; nothing was published.",
            metadata={"said": "\n".join(sentences)[-4000:], "page": str(last.get("page"))},
            allow_retries=not hopeless,
        )


def _run(log) -> tuple[int, list[dict[str, Any]], list[str]]:
    """The command as any scheduler calls it: exit code, its events, and what it said in words on standard error."""
    events: list[dict[str, Any]] = []
    sentences: list[str] = []
    command = [COMMAND, "run", "--raw", RAW, "--warehouse", WAREHOUSE, "--log", "json"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            for line in process.stdout:
                try:
                    events.append(json.loads(line))
                except ValueError:
                    sentences.append(line.rstrip())
                    continue
                if message := events[-1].get("message"):
                    log(message)
        except BaseException:
            # Told to end by Dagster: the run takes its build along.
            process.terminate()
            raise
    return process.returncode, events, sentences


def _account(page: str | Path | None) -> dict[str, Any]:
    """What the run says of itself, which lies beside its page; empty when there is none."""
    try:
        return json.loads(Path(page).with_suffix(".json").read_text(encoding="utf-8")) if page else {}
    except OSError:
        return {}


def _check_results(account: dict[str, Any], only_failing: bool = False) -> Iterator[dg.AssetCheckResult]:
    """The checks of a run; one that it did not make is a warning, never a pass."""
    found = {(check["suite"], check["check"]): check for check in account.get("checks", ())}
    for key, spec in CHECKS.items():
        check = found.get(key)
        if only_failing and (check is None or check["success"]):
            continue
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=bool(check and check["success"]),
            severity=SEVERITY[check["severity"]] if check else dg.AssetCheckSeverity.WARN,
            description=check["message"] if check else "This check was not made in the run that is served.",
            metadata={"failing rows": check["failing_rows"], "examples": check["examples"]} if check else {},
        )


nightly = dg.define_asset_job("dabing_nightly", selection=dg.AssetSelection.assets(dabing_run))
defs = dg.Definitions(
    assets=[dabing_run, *_raw_specs(MANIFESTED)],
    jobs=[nightly],
    schedules=[dg.ScheduleDefinition(job=nightly, cron_schedule=CRON, execution_timezone="Asia/Shanghai")],
)
