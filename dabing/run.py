"""One run: look at the files, build aside, check at both borders, publish, say what came out.

dbt does the building and Great Expectations the checking; this strings them together. The served file is replaced in
one step at the very end, so that a run that fails leaves it as it was.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dabing import publish, report, trouble, years
from dabing.database import literal, open_database
from dabing.errors import DabingError
from dabing.events import Journal
from dabing.page import Account, last_account, without_values

if TYPE_CHECKING:
    from dabing.checks import Earlier
from dabing.preflight import TABLES, check_raw_files

PROJECT = Path(__file__).resolve().parent.parent
# The meanings of identity codes are for the raw border.
STAGED = "models/staging"
STAGING = f"+path:{STAGED} +int_pool_identity"
EXAMPLES = 10
# What dbt has parsed, by target, for the time of a run (_environment): it calls dbt several times.
parsed: dict[str, Any] | None = None
TOLD_TO_END = "told to end before it was done. Nothing was published."


def run(
    raw: Path | None,
    warehouse: Path,
    keep_failed: bool = False,
    rebuild: bool = False,
    engine: str = "duckdb",
    log: str = "auto",
    metrics_file: Path | None = None,
    named_years: Collection[int] = (),
) -> Path:
    """Build the warehouse from ``raw`` and publish it as ``warehouse/dabing.duckdb``; return that path.

    The dbt project is that of the working folder, or this one where the working folder has none. Without ``raw`` the
    project's own folder is used, and filled with the sample when it is not there. Where input, code and seeds are those
    of the served release nothing is built, unless ``rebuild`` asks for it; where only the input differs, the benefit
    years that it touches are, and those of ``named_years`` (years.py). With ``engine`` spark the tables are built on a
    Spark cluster and only the public marts reach the published file (docs/spark.md). Raises DabingError when the input
    cannot be used or a critical check fails, BusyError when another run is at work; nothing is published then. ``log``
    is how it speaks (events.py); the account of the run is a page, JSON and metrics (page.py).
    """
    if named_years and engine == "spark":
        raise DabingError("--years: on Spark every benefit year is built, always. Leave it out.")
    journal = Journal(log)
    project = Path.cwd() if Path("dbt_project.yml").exists() else PROJECT
    warehouse = warehouse.resolve()
    if re.search(r"[?#]", str(warehouse)):
        raise DabingError(f"{warehouse}: dbt takes a path with ? or # for a URL. Name another folder for the result.")
    with trouble.in_sentences(warehouse):
        warehouse.mkdir(parents=True, exist_ok=True)
    account = Account(journal, warehouse, metrics_file, engine, publish.code_version(PROJECT))
    with (
        trouble.in_sentences(warehouse),  # The lock itself may find the disk full.
        journal.shown(),
        _one_at_a_time(warehouse, journal),
        _accounted(account),
        trouble.in_sentences(warehouse),
    ):
        journal.last = last_account(warehouse, engine)
        raw = _raw_folder(raw, project, journal)
        journal.tell("run_started", "", raw=str(raw), warehouse=str(warehouse), engine=engine, process=os.getpid())
        return _build_where_needed(raw, warehouse, project, keep_failed, rebuild, named_years, account)


@contextmanager
def _one_at_a_time(warehouse: Path, journal: Journal) -> Iterator[None]:
    """The lock; who finds it held leaves page and metrics to the run that holds it."""
    try:
        with publish.lock(warehouse):
            yield
    except publish.BusyError as error:
        if journal.is_json:
            journal.tell("busy", str(error))
        raise


def _build_where_needed(
    raw: Path,
    warehouse: Path,
    project: Path,
    keep_failed: bool,
    rebuild: bool,
    named_years: Collection[int],
    account: Account,
) -> Path:
    journal = account.journal
    served = warehouse / publish.DATABASE
    with journal.phase("raw files", "Looked at the raw files"):
        for path in publish.remove_leftovers(warehouse):
            journal.tell("leftover_removed", f"Removed what a run left that was killed: {path}")
        _check_served(served)
        files = publish.input_files(raw)
        sources = publish.sources(project, files, _person_key(warehouse))
        last = publish.release_of(served)
        changes = report.input_changes(files, served)
        # What this code has found to be readable is.
        same_code = last is not None and last.sources.code_hash == sources.code_hash
        known = {file.file for file in files}.difference(*changes.values()) if same_code and changes else ()
        check_raw_files(raw, known)
    if last is not None and last.released_at > datetime.now():
        journal.tell(
            "clock_set_back",
            f"Release {last.number}, which is served, is of {last.released_at:%Y-%m-%d %H:%M:%S}, and it is not so late"
            " yet: the clock or the time zone was set back, or was wrong then. Releases are counted and not dated, so"
            " this run goes on; set the clock right.",
            release=last.number,
        )
    if last is not None and last.sources == sources and not rebuild and not named_years:
        journal.tell(
            "nothing_to_do",
            f"Nothing to do: input, code and seeds are those of release {last.number}"
            f" ({last.released_at:%Y-%m-%d %H:%M:%S}), which is served. --rebuild builds it anew.",
            release=last.number,
        )
        account.unchanged(report.facts(served))
        return served
    account.told["because"] = publish.changed_sources(last.sources if last else None, sources)
    account.told["input"] = {
        "files": len(files),
        "bytes": sum(file.size for file in files),
        "changes": changes,
    }
    # Another law, another code or another key of the persons changes any year.
    same = last is not None and last.sources.differ_in_files_alone(sources)
    kept = served if same and not rebuild and years.can_keep_years(served) else None
    _build_and_publish(raw, warehouse, project, files, sources, keep_failed, kept, named_years, account)
    if not os.environ.get("DBT_ENV_SECRET_PERSON_KEY"):
        journal.tell("person_key", _without_key(raw, warehouse))
    return served


@contextmanager
def _accounted(account: Account) -> Iterator[None]:
    """Whatever ends the run, its account says so."""
    try:
        yield
    except DabingError as error:
        _tell_failure(account, error.published)
        raise
    except KeyboardInterrupt:
        _tell_failure(account, (TOLD_TO_END,))
        raise
    except Exception as error:
        _tell_failure(
            account, (f"Ended by an error that nobody foresaw ({type(error).__name__}); see standard error.",)
        )
        raise


def _tell_failure(account: Account, sentences: tuple[str, ...]) -> None:
    if "release" in account.told:
        return  # It was published; what fails after that is another matter.
    page = account.failed(sentences)
    account.journal.close()
    # In words the sentences are said on standard error (cli.py).
    text = " ".join(sentences) if account.journal.is_json else f"The page of this run: {page}" if page else ""
    account.journal.tell("failed", text, sentences=sentences, page=page)


def _build_and_publish(
    raw: Path,
    warehouse: Path,
    project: Path,
    files: list[publish.InputFile],
    sources: publish.Sources,
    keep_failed: bool,
    kept: Path | None,
    named_years: Collection[int],
    account: Account,
) -> None:
    """Build aside under the final name, check, and replace what is served; of ``kept`` take the years that stand."""
    served = warehouse / publish.DATABASE
    journal = account.journal
    # Always the same name: dbt keeps what it parsed as long as the path of the database does not change.
    build = warehouse / "build-next"
    build.mkdir(mode=0o700)
    try:
        database = build / publish.DATABASE
        with _environment(raw, database, warehouse, project), _ended_with(build, keep_failed, account):
            try:
                if account.told["engine"] == "spark":
                    results = _build_on_spark(raw, database, project, warehouse, journal)
                else:
                    results = _build_and_check(database, project, journal, kept, named_years, account)
            finally:
                # Also when that failed: a file that went while it was read is then the cause, and is what is told.
                publish.check_unchanged(files, publish.input_files(raw))
        with journal.phase("publish", "Published"):
            with _ended_with(build, keep_failed, account):
                release = _add_history(
                    database,
                    served,
                    results,
                    files,
                    sources,
                    publish.next_number(warehouse),
                    account.told.get("built_years", "all"),
                )
                summary = report.summary(report.facts(database), report.facts(served))
            publish.publish(database, warehouse, release)
    except BaseException:
        if keep_failed:
            kept = build.rename(tempfile.mkdtemp(prefix="failed-", dir=warehouse))
            journal.tell("build_kept", f"The unfinished build is kept in {kept}.", folder=str(kept))
        else:
            shutil.rmtree(build, ignore_errors=True)
        raise
    shutil.rmtree(build, ignore_errors=True)
    page = account.published(summary, publish.folder_of(warehouse, release))
    journal.close()
    _tell_summary(journal, summary, results)
    journal.tell(
        "published",
        f"\nPublished: {served}" + (f"\nThe page of this run: {page}" if page else ""),
        release=release.number,
        run=release.run_id,
        served=str(served),
        page=page,
    )


def _tell_summary(journal: Journal, summary: report.Summary, results: list) -> None:
    if journal.is_json:
        warnings = sum(not result.success for result in results)
        told = f"{len(results)} checks, {warnings} warnings."
        journal.tell("summary", told, checks=len(results), warnings=warnings, **report.as_json(summary))
    else:
        report.print_summary(journal.console, summary, results)


def _person_key(warehouse: Path) -> str:
    from dabing.duckdb_plugin import person_key

    return person_key(os.environ.get("DBT_ENV_SECRET_PERSON_KEY", ""), warehouse / "person_key")


def _without_key(raw: Path, warehouse: Path) -> str:
    """What to do where nobody gave the key of the person hash (rule J3)."""
    from dabing.sample import MANIFEST

    file = warehouse / "person_key"
    if (raw / MANIFEST).exists():
        return (
            f"The made-up persons of the sample appear under a hash with a key of their own, kept in {file}. For real"
            " persons set DBT_ENV_SECRET_PERSON_KEY to a long secret of yours."
        )
    return (
        f"DBT_ENV_SECRET_PERSON_KEY is not set: persons appear under a hash whose key is kept in {file}. Set it to a"
        " long secret of yours, or keep that file: under another key the same persons get other keys."
    )


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
        with open_database(served, read_only=True) as connection:
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


def _raw_folder(raw: Path | None, project: Path, journal: Journal) -> Path:
    if raw is not None:
        return raw.resolve()
    raw = project / "raw"
    if not raw.exists():
        from dabing.sample import write_sample

        journal.tell("sample", "There is no raw folder yet: writing the sample of 20,000 made-up persons.")
        write_sample(raw, progress=False)
    return raw


@contextmanager
def _environment(raw: Path, database: Path, warehouse: Path, project: Path) -> Iterator[None]:
    """What profiles.yml and the macros read, for the time of the run; dbt parses once in it."""
    global parsed
    # By its place in the project: what dbt parsed then holds wherever the project lies.
    is_inside = project == Path.cwd() and database.is_relative_to(project)
    named = database.relative_to(project) if is_inside else database
    wanted = {
        "DABING_RAW": str(raw),
        "DABING_DATABASE": str(named),
        "DABING_SPILL": str(named.parent / "spill"),
        "DABING_KEY_FILE": str(warehouse / "person_key"),
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    parsed = {}
    try:
        yield
    finally:
        parsed = None
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _ended_with(build: Path, keep_failed: bool, account: Account) -> Iterator[None]:
    """Told to end (SIGTERM, Ctrl-C), the process goes at once and takes its build along: exit code 143 or 130. So it
    does when a thread of dbt dies, as for want of memory: exit code 1.

    An exception would not do: what is called in between may catch it, and the run would go on to publish.
    """

    leaving = threading.Lock()

    def leave(code: int, told: Iterable[str]) -> None:
        # A second signal, or a second thread that died, finds the first one at it.
        if not leaving.acquire(blocking=False):
            return
        told = tuple(told)
        # The signal may have come in the middle of any of this, and memory may be out: nothing keeps the process from
        # its end.
        with suppress(Exception):
            if not keep_failed:
                # Moved away first: threads that still write would fill the folder again.
                ended = build.rename(f"{build}.ended")
                shutil.rmtree(ended, ignore_errors=True)
        with suppress(Exception):
            _tell_failure(account, told)
        with suppress(Exception):
            sys.stdout.flush()
        sys.stderr.write("".join(f"Stopped: {sentence}\n" for sentence in told))
        sys.stderr.flush()
        os._exit(code)

    def end(number: int, _: object) -> None:
        leave(128 + number, [TOLD_TO_END])

    def died(thread: threading.ExceptHookArgs) -> None:
        # dbt waits for ever for a thread that is dead. The progress bar can do without its own.
        if type(thread.thread).__module__.startswith("rich"):
            threading.__excepthook__(thread)
        else:
            leave(1, trouble.sentences([f"{thread.exc_type.__name__}: {thread.exc_value}"], build.parent))

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    threading.excepthook = died
    try:
        yield
    finally:
        threading.excepthook = threading.__excepthook__
        for number, handler in before.items():
            signal.signal(number, handler)


def _build_and_check(
    database: Path, project: Path, journal: Journal, kept: Path | None, named_years: Collection[int], account: Account
) -> list:
    """Policy and staging → raw border → everything else → marts border; results of all checks."""
    if kept is not None:
        return _build_what_differs(database, project, journal, kept, named_years, account)
    results = _build_phase("policy and raw tables", ["--select", STAGING], database, project, journal)
    results += _check_border("raw", database, journal)
    results += _build_phase("benefits and funds", ["--exclude", STAGING], database, project, journal)
    return results + _check_border("marts", database, journal)


def _build_what_differs(
    database: Path, project: Path, journal: Journal, kept: Path, named_years: Collection[int], account: Account
) -> list:
    """The same from a copy of what is served, code and seeds being the same: what no new row reaches stands."""
    changes = account.told["input"]["changes"]
    years.start_from(kept, database, changes)
    tables = years.changed_tables(changes)
    # The views on raw files, always: the folder may be another one. And what says which settlements are read anew.
    told = years.TOLD_BY_SETTLEMENTS
    views = f"path:{STAGED}/base_*,config.materialized:view"
    always = [views, f"path:{STAGED}/stg_touched_*", "stg_settlement_reading", told]
    reached = [f"source:raw.{table}+,path:{STAGED}" for table in tables]
    results = _build_phase("raw tables", ["--select", *always, *reached], database, project, journal)
    # Not before the models are built: importing it takes memory that these may need.
    from dabing import spark
    from dabing.checks import Earlier, results_of

    before = {(result.suite, result.check): result for result in results_of(kept)}
    new_rows = years.new_raw_rows(database, changes)
    unchanged = {f"raw_{table}" for table in TABLES}.difference(f"raw_{table}" for table in tables) if new_rows else ()
    results += _check_border("raw", database, journal, Earlier(before, new_rows, are_added=True, unchanged=unchanged))
    # What is read for settlements, and all else that does not go by years.
    manifest = spark.manifest_of(project)
    read = years.raw_sources(manifest, tables)
    standing = years.equal_tables(manifest, years.named(manifest, [told]), database, kept)
    if reached := years.names(manifest, "model", years.readers(manifest, read, standing)):
        others = ["--exclude", STAGING, told, f"{years.BY_YEAR}+", "--indirect-selection", "cautious"]
        results += _build_phase("what settlements read", ["--select", *reached, *others], database, project, journal)
    found = years.differing_years(database, kept, named_years)
    journal.tell("years", str(found), built=found.built, differing=found.differing)
    new_rows, rest = {}, ["--select", f"{years.BY_YEAR}+"]
    if not found.is_whole:
        account.told["built_years"] = ", ".join(map(str, found.built)) or "none"
        rest = ["--indirect-selection", "empty", "--exclude", years.BY_YEAR, years.BY_PERIOD]
    if found.built and not found.is_whole:
        with journal.phase("benefit years", "Built the benefit years"):
            tests, new_rows = _build_years(found.built, database, kept, project, journal)
        # What held of the years that are kept, and holds of those that were built; all else is tested whole.
        held = {key for key, result in before.items() if result.success}
        holding = [test for test in tests if test.success and (test.suite, test.check) in held]
        journal.checked(holding)
        results += holding
        rest += [*(test.check for test in holding), "--select", *years.FILTERED, f"{years.BY_YEAR}+"]
    elif not found.is_whole:
        standing |= years.standing(manifest, read, database, kept)
        after_years = years.readers(manifest, years.built_by_parts(manifest))
        left = years.names(manifest, "model", years.readers(manifest, read, standing) & after_years - standing)
        rest = [*rest, "--select", *left] if left else []
    if rest:
        results += _build_phase("benefits and funds", rest, database, project, journal)
    done = {result.check for result in results if result.suite == "dbt"}
    if missed := years.names(manifest, "test", years.readers(manifest, read, standing)) - done:
        results += _build_phase("tests", ["--select", *missed], database, project, journal)
    as_ever = [result for (suite, check), result in before.items() if suite == "dbt" and check not in done | missed]
    journal.checked(as_ever)
    years.end_with(database)
    return results + as_ever + _check_border("marts", database, journal, Earlier(before, new_rows))


def _build_years(
    built: list[int], database: Path, kept: Path, project: Path, journal: Journal
) -> tuple[list, dict[str, str]]:
    """Build the models that go by years or by periods, of these years only; all other rows stand as in ``kept``.

    Returned are what their tests say of the rows that were built, and by table which rows these are.
    """
    with years.listed_files(database, years.settlements_of_years(built)):
        selection = [*years.FILTERED, years.BY_YEAR]
        tests, new_rows = _build_part(selection, "benefit_year", built, database, project, journal)
    periods = years.touched_periods(database, kept, built)
    # A period may have settlements of benefit years that are not built.
    with years.listed_files(database, years.settlements_of_periods(periods)):
        selection = [*years.FILES_READ, years.BY_PERIOD]
        more_tests, more_rows = _build_part(selection, "period", periods, database, project, journal)
    return tests + more_tests, new_rows | more_rows


def _build_part(
    models: list[str], kind: str, built: list[int], database: Path, project: Path, journal: Journal
) -> tuple[list, dict[str, str]]:
    from dabing import spark
    from dabing.checks import critical_failures

    tables = years.tables_built_by(spark.manifest_of(project), kind)
    years.set_aside(database, tables)
    with years.only(built):
        # Of all rows, and not of those of some files.
        others = [f"{view}+1,resource_type:test" for view in years.FILES_READ]
        selection = ["--select", *models, "--exclude", *others, "--indirect-selection", "cautious"]
        results = _dbt_build(selection, project, journal)
    tests = _test_results(results, database)
    _stop_at_critical(critical_failures(tests), journal)
    return tests, years.put_back(database, tables, built)


def _build_phase(phase: str, selection: list[str], database: Path, project: Path, journal: Journal) -> list:
    with journal.phase(phase, f"Built {phase}"):
        tests = _test_results(_dbt_build(selection, project, journal), database)
    _stop_at_critical(tests, journal)
    return tests


def _check_border(border: str, database: Path, journal: Journal, earlier: Earlier | None = None) -> list:
    from dabing import checks

    with journal.phase(f"{border} border", f"Checked the {border} border") as checked:
        found = checks.run_border(database, border, earlier=earlier)
        checked.note = f"{len(found)} checks"
    _stop_at_critical(found, journal)
    return found


def _build_on_spark(raw: Path, database: Path, project: Path, warehouse: Path, journal: Journal) -> list:
    """Everything on the cluster, the public marts into the file → marts border; results of all checks."""
    from dabing import checks, spark

    spark.keep_key(warehouse)
    with spark.cluster(warehouse / "spark", raw):
        with journal.phase("on Spark", "Built on Spark"):
            results = _test_results(_dbt_build([], project, journal, engine="spark"), database, "spark")
        _stop_at_critical(results, journal)
        with journal.phase("marts into DuckDB", "Brought the marts into DuckDB"):
            manifest = spark.manifest_of(project)
            spark.serve(database, manifest)
    with journal.phase("views and scenarios", "Made the views and the SQL of the scenarios"):
        serve_sql(manifest, database, project)
    with journal.phase("marts border", "Checked the marts border") as checked:
        found = checks.run_border(database, "marts")
        checked.note = f"{len(found)} checks"
    _stop_at_critical(found, journal)
    return results + found


def serve_sql(manifest: dict, database: Path, project: Path) -> None:
    """What a file holds beside the tables from Spark: the public views, benefit(...), the SQL of the scenarios."""
    from dabing import spark

    views = [node["name"] for node in spark.served_nodes(manifest) if spark.is_view(node)]
    _dbt(["run", "--select", *views], project)
    compiled = [result.node for result in _dbt(["compile", "--select", f"tag:{spark.SCENARIO}"], project)]
    scenarios = {node.unique_id for node in compiled if spark.SCENARIO in node.tags}
    _dbt(["run-operation", "make_scenario_step_table"], project)
    with open_database(database) as connection:
        for node in compiled:
            if not scenarios.isdisjoint((node.unique_id, getattr(node, "attached_node", None))):
                parents = ",".join(parent.split(".")[2] for parent in node.depends_on.nodes)
                connection.execute(
                    "insert or replace into policy.int_scenario_step values (?, ?, ?, ?, ?)",
                    [node.name, str(node.resource_type), node.schema, node.compiled_code, parents],
                )


def _dbt(command: list[str], project: Path, engine: str = "duckdb", journal: Journal | None = None) -> list:
    """Run a dbt command in this process; the results of its nodes. Errors are raised as sentences."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    options = ["--project-dir", str(project), "--profiles-dir", str(project), "--target", engine, "--log-level", "none"]

    def invoke(runner: dbtRunner, *arguments: str) -> Any:
        outcome = runner.invoke([*arguments, *options])
        # dbt keeps the file open for the life of the process; what comes next needs it.
        DuckDBConnectionManager.close_all_connections()
        if outcome.exception is not None:
            raise _dbt_error([_sentence(str(outcome.exception))])
        return outcome.result

    if parsed is not None and engine not in parsed:
        parsed[engine] = invoke(dbtRunner(), "parse")
    manifest = parsed[engine] if parsed is not None else None
    runner = dbtRunner(manifest, callbacks=[journal.on_dbt_event] if journal else None)
    # What was parsed is in the target folder already.
    results = invoke(runner, *command, "--no-write-json" if manifest else "--write-json").results
    errors = [
        (f"test {result.node.name}: " if result.node.resource_type == "test" else "") + _sentence(result.message or "")
        for result in results
        if result.status == "error"
    ]
    # What an error hit was skipped, and says nothing.
    if errors:
        raise _dbt_error(errors)
    return results


def _dbt_error(sentences: list[str]) -> DabingError:
    told = tuple(dict.fromkeys(sentences))
    return DabingError(*told, published=tuple(without_values(sentence) for sentence in told))


def _dbt_build(selection: list[str], project: Path, journal: Journal, engine: str = "duckdb") -> list:
    """Run `dbt build` without unit tests; the results of its nodes."""
    options = ["--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
    return _dbt(["build", *options, *selection], project, engine, journal)


def _test_results(results: list, database: Path, engine: str = "duckdb") -> list:
    """The data tests among the results of dbt, as check results."""
    return [
        _test_result(result, database, engine)
        for result in results
        if result.node.resource_type == "test" and result.status != "skipped"
    ]


def _test_result(result, database: Path, engine: str):
    """A dbt data test in the form of a check result, with the rows that fail it named."""
    from dabing.checks import PERSON_COLUMNS, CheckResult, such_as

    node = result.node
    failing = result.failures or 0
    examples = tuple(_failing_rows(database, node.compiled_code, engine) if failing else ())
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
        message="" if not failing else f"{node.name.replace('_', ' ')}: {failing} rows do not hold{such_as(examples)}",
        # dbt's own tests give the values of a column under other names.
        names_persons=any(re.search(rf"\b{name}\b", node.compiled_code or "") for name in PERSON_COLUMNS),
    )


def _tested_table(node) -> str:
    attached = getattr(node, "attached_node", None) or (node.depends_on.nodes or [""])[0]
    return attached.split(".")[-1]


def _failing_rows(database: Path, compiled: str | None, engine: str) -> list[str]:
    if not compiled:
        return []
    if engine == "spark":
        from dabing import spark

        return spark.failing_rows(compiled, EXAMPLES)
    with open_database(database, read_only=True) as connection:
        rows = connection.execute(f"select * from ({compiled}) limit {EXAMPLES}")
        names = [column[0] for column in rows.description]
        return [", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True)) for row in rows.fetchall()]


def _stop_at_critical(results: list, journal: Journal) -> None:
    from dabing.checks import critical_failures, published_message

    journal.checked(results)
    if failures := critical_failures(results):
        raise DabingError(
            *(result.message for result in failures),
            published=tuple(published_message(result) for result in failures),
        )


def _add_history(
    database: Path,
    served: Path,
    results: list,
    files: list[publish.InputFile],
    sources: publish.Sources,
    number: int,
    built_years: str,
) -> publish.Release:
    """Put check results and release of this run, after those of earlier runs, into the file that is to be published."""
    from dabing.checks import write_results

    now = datetime.now()
    run_id = f"{now:%Y%m%dT%H%M%S}"
    with open_database(database) as connection:
        # A build that began with what is served has them.
        if served.exists() and connection.execute("select count(*) from quality.release").fetchone() == (0,):
            connection.execute(f"attach {literal(str(served))} as served (read_only)")
            held = "select table_name from duckdb_tables() where database_name = 'served' and schema_name = 'quality'"
            for table in {"check_result", "release"} & {name for (name,) in connection.execute(held).fetchall()}:
                connection.execute(f"insert into quality.{table} by name select * from served.quality.{table}")
            connection.execute("detach served")
        # Two runs within a second, or a clock that was set back.
        earlier = {name for (name,) in connection.execute("select run_id from quality.check_result").fetchall()}
        while run_id in earlier:
            run_id += "+"
        release = publish.Release(number, run_id, now, sources)
        connection.execute(
            "insert into quality.release by name select $1 as release_number, $2 as run_id, $3 as released_at,"
            " $4 as code_version, $5 as code_hash, $6 as seed_hash, $7 as input_hash, $8 as input_files,"
            " $9 as input_bytes, $10 as checks, $11 as warnings, $12 as built_years",
            [
                number,
                run_id,
                now,
                publish.code_version(PROJECT),
                sources.code_hash,
                sources.seed_hash,
                sources.input_hash,
                len(files),
                sum(file.size for file in files),
                len(results),
                sum(not result.success for result in results),
                built_years,
            ],
        )
        connection.execute("delete from quality.release_input")
        connection.executemany(
            "insert into quality.release_input values ($1, $2, $3)",
            [[file.file, file.size, datetime.fromtimestamp(file.modified_ns / 1e9)] for file in files],
        )
    write_results(database, results, run_id=run_id, checked_at=now)
    return release


def _sentence(message: str) -> str:
    """The part of a dbt or DuckDB message that says what is wrong."""
    # A message of Spark ends in the calls that led to it.
    message = re.split(r"\n\s*at [\w.$/]+\(", message, maxsplit=1)[0]
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = [
        line
        for line in lines
        if not re.match(r"(Compilation|Runtime|Database) Error in |> in macro|> called by|compiled code at", line)
    ]
    return " ".join(told)
