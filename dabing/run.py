"""One run: look at the files, build aside, check at both borders, publish, say what came out.

dbt does the building and Great Expectations the checking; this strings them together. The served file is replaced in
one step at the very end, so that a run that fails leaves it as it was.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
from rich.console import Console

from dabing import report
from dabing.errors import DabingError
from dabing.preflight import check_raw_files

PROJECT = Path(__file__).resolve().parent.parent
DATABASE = "dabing.duckdb"
STAGING = "+path:models/staging"
EXAMPLES = 10


def run(raw: Path | None, warehouse: Path, keep_failed: bool = False) -> Path:
    """Build the warehouse from ``raw`` and publish it as ``warehouse/dabing.duckdb``; return that path.

    The dbt project is that of the working folder, or this one where the working folder has none. Without ``raw`` the
    project's own folder is used, and filled with the sample when it is not there. Raises DabingError when the input
    cannot be used or a critical check fails; nothing is published then.
    """
    console = report.console()
    project = Path.cwd() if Path("dbt_project.yml").exists() else PROJECT
    raw = _raw_folder(raw, project, console)
    check_raw_files(raw)
    warehouse = warehouse.resolve()
    warehouse.mkdir(parents=True, exist_ok=True)
    _check_served(warehouse / DATABASE)
    build = Path(tempfile.mkdtemp(prefix="build-", dir=warehouse))
    try:
        database = build / DATABASE
        with _environment(raw, database, warehouse):
            results = _build_and_check(database, project, console)
        served = warehouse / DATABASE
        _add_history(database, served, results)
        report.print_summary(console, database, results)
        os.replace(database, served)
    except BaseException:
        if keep_failed:
            console.print(f"The unfinished build is kept in {build}.", markup=False)
        else:
            shutil.rmtree(build, ignore_errors=True)
        raise
    shutil.rmtree(build, ignore_errors=True)
    if not os.environ.get("DBT_ENV_SECRET_PERSON_KEY"):
        console.print(
            f"\nPersons appear under a hash whose key is kept in {warehouse / 'person_key'}. Keep that file, or set"
            " DBT_ENV_SECRET_PERSON_KEY: under another key the same persons get other keys.",
            markup=False,
        )
    console.print(f"\nPublished: {served}", markup=False)
    return served


def _check_served(served: Path) -> None:
    """What is served now must be a finished warehouse or nothing: found out before the work, not after it."""
    wal = Path(f"{served}.wal")
    if wal.exists():
        raise DabingError(
            f"{wal}: another process writes to the warehouse, or was killed while it did. End it, open {served} once"
            " with DuckDB so that it recovers (or delete both files), and run again."
        )
    if not served.exists():
        return
    try:
        with duckdb.connect(str(served), read_only=True) as connection:
            if not _is_empty(connection, served.stem):
                connection.execute("select count(*) from quality.check_result")
    except duckdb.Error as error:
        raise DabingError(
            f"{served}: not a warehouse that can be replaced ({str(error).splitlines()[0]}). End what writes to it, or"
            " move it away if it is not a published warehouse, and run again."
        ) from error


def _is_empty(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether an attached database holds nothing: dbt makes such a file whenever it parses or compiles."""
    tables = "select count(*) from duckdb_tables() where database_name = $1"
    return connection.execute(tables, [database]).fetchone() == (0,)


def _raw_folder(raw: Path | None, project: Path, console: Console) -> Path:
    if raw is not None:
        return raw.resolve()
    raw = project / "raw"
    if not raw.exists():
        from dabing.sample import write_sample

        console.print("There is no raw folder yet: writing the sample of 20,000 made-up persons.")
        write_sample(raw)
    return raw


@contextmanager
def _environment(raw: Path, database: Path, warehouse: Path) -> Iterator[None]:
    """What profiles.yml and the macros read, for the time of the run."""
    wanted = {
        "DABING_RAW": str(raw),
        "DABING_DATABASE": str(database),
        "DABING_SPILL": str(database.parent / "spill"),
        "DABING_KEY_FILE": str(warehouse / "person_key"),
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _build_and_check(database: Path, project: Path, console: Console) -> list:
    """Policy and staging → raw border → everything else → marts border; results of all checks."""
    from dabing import checks

    results: list[checks.CheckResult] = []
    for phase, selection, border in (
        ("policy and raw tables", ["--select", STAGING], "raw"),
        ("benefits and funds", ["--exclude", STAGING], "marts"),
    ):
        started = time.monotonic()
        tests = _dbt_build(selection, database, project)
        results += tests
        console.print(f"Built {phase} ({time.monotonic() - started:.0f} s)")
        _stop_at_critical(tests)
        started = time.monotonic()
        found = checks.run_border(database, border)
        results += found
        console.print(f"Checked the {border} border: {len(found)} checks ({time.monotonic() - started:.0f} s)")
        _stop_at_critical(found)
    return results


def _dbt_build(selection: list[str], database: Path, project: Path) -> list:
    """Run `dbt build` in this process; its data tests as check results, its errors as sentences."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from dabing.checks import CheckResult

    outcome = dbtRunner().invoke(
        [
            "build",
            *selection,
            "--exclude-resource-type",
            "unit_test",
            "--indirect-selection",
            "buildable",
            "--project-dir",
            str(project),
            "--profiles-dir",
            str(project),
            "--log-level",
            "none",
        ]
    )
    # dbt keeps the file open for the life of the process; the checks need it next.
    DuckDBConnectionManager.close_all_connections()
    if outcome.exception is not None:
        raise DabingError(_sentence(str(outcome.exception)))
    errors: list[str] = []
    tests: list[CheckResult] = []
    for result in outcome.result.results:
        node = result.node
        if node.resource_type != "test":
            if result.status == "error":
                errors.append(_sentence(result.message or ""))
            continue
        if result.status == "skipped":
            continue
        if result.status == "error":
            errors.append(f"test {node.name}: {_sentence(result.message or '')}")
            continue
        tests.append(_test_result(result, database))
    # Errors first: what they hit was skipped, and says nothing.
    if errors:
        raise DabingError(*dict.fromkeys(errors))
    return tests


def _test_result(result, database: Path):
    """A dbt data test in the form of a check result, with the rows that fail it named."""
    from dabing.checks import CheckResult

    node = result.node
    failing = result.failures or 0
    examples = _failing_rows(database, node.compiled_code) if failing else []
    rule = re.search(r"\brules? ([A-J]\d+)", f"{node.description} {node.raw_code}")
    return CheckResult(
        suite="dbt",
        table=_tested_table(node),
        check=node.name,
        rule=rule.group(1) if rule else "",
        severity="critical" if node.config.severity.lower() == "error" else "warning",
        success=failing == 0,
        failing_rows=failing,
        examples=examples,
        message=""
        if not failing
        else f"{node.name.replace('_', ' ')}: {failing} rows do not hold, e.g. " + "; ".join(examples[:3]),
    )


def _tested_table(node) -> str:
    attached = getattr(node, "attached_node", None) or (node.depends_on.nodes or [""])[0]
    return attached.split(".")[-1]


def _failing_rows(database: Path, compiled: str | None) -> list[str]:
    if not compiled:
        return []
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(f"select * from ({compiled}) limit {EXAMPLES}")
        names = [column[0] for column in rows.description]
        return [", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True)) for row in rows.fetchall()]


def _stop_at_critical(results: list) -> None:
    failures = [result for result in results if result.severity == "critical" and not result.success]
    if failures:
        raise DabingError(*(result.message for result in failures))


def _add_history(database: Path, served: Path, results: list) -> None:
    """Put this run's check results, after those of earlier runs, into the file that is to be published."""
    from dabing.checks import write_results

    now = datetime.now()
    if served.exists():
        with duckdb.connect(str(database)) as connection:
            connection.execute(f"attach '{str(served).replace(chr(39), chr(39) * 2)}' as served (read_only)")
            if not _is_empty(connection, "served"):
                connection.execute("insert into quality.check_result by name select * from served.quality.check_result")
            connection.execute("detach served")
    write_results(database, results, run_id=now.strftime("%Y%m%dT%H%M%S"), checked_at=now)


def _sentence(message: str) -> str:
    """The part of a dbt or DuckDB message that says what is wrong."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = [
        line
        for line in lines
        if not re.match(r"(Compilation|Runtime|Database) Error in |> in macro|> called by|compiled code at", line)
    ]
    return " ".join(told)
