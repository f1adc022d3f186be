"""Great Expectations at the two borders: the raw tables as read, and the marts before publication.

The suites are files under expectations/, one a table. This module opens the DuckDB file read-only,
runs the suites of a border and says of each check what is wrong, where, and what to do. No business
rule lives here. Importing it takes seconds (Great Expectations does): import it where it is used.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

# Read when Great Expectations is imported: nothing goes over the net.
os.environ["GX_ANALYTICS_ENABLED"] = "False"

import duckdb
import great_expectations as gx
import yaml
from duckdb_sqlalchemy import Dialect
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_expectation_impl
from sqlalchemy import URL, literal_column
from sqlalchemy.dialects import registry

from dabing.database import open_database, settings
from dabing.errors import DabingError

EXPECTATIONS = Path(__file__).resolve().parent.parent / "expectations"

# A suite that is not there is an error, never a pass; so the suites that must be there are named.
SUITES = {
    "raw": (
        "raw_setl_d",
        "raw_fee_list_d",
        "raw_fee_list_d_sample",
        "raw_mdtrt_d",
        "raw_psn_info_b",
        "raw_psn_insu_d",
        "raw_psn_idet_d",
        "raw_supp_enrl_d",
        "raw_fund_txn_d",
        "raw_fixmedins_b",
        "raw_refl_appy_evt_c",
    ),
    "marts": (
        "fct_claim_expense",
        "fct_payout",
        "fct_payout_tier",
        "fct_accumulator_year",
        "fct_cover_span",
        "fct_burden",
        "fct_burden_year",
        "fct_payout_variance",
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
        "load_audit",
        "benefit_schedule",
        "fct_scenario",
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
    ),
}
# Tables and columns for the checks that must fail: those of the first that has a key. Looking at few rows costs little.
CANARIES = {
    "raw": (("staging.base_institution", "fixmedins_code"), ("staging.base_settlement", "setl_id")),
    "marts": (("benefits.fct_claim_expense", "settlement_id"),),
}
CUSTOM_SQL = "unexpected_rows_expectation"
COUNTED_SQL = "counted_rows_expectation"
NO_ROWS = "expect_no_rows_where"
BY_ROW = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
EXAMPLES = 10
# The schema of the views on new rows, in a build while a border of it is checked.
NEW_ROWS = "new_rows"
# Columns that name a person, or may: the key of a raw row can be a person number. They stay out of the published file,
# the page of the run and its log (rule J3).
PERSON_COLUMNS = frozenset({"psn_no", "psn_name", "certno", "record_key", "raw_row", "person_number"})


class BorderError(DabingError):
    """The checks cannot be run at all."""


class CanaryError(BorderError):
    """A check that must fail passed: no result of this run can be trusted."""


class _SuiteFault(Exception):
    """A suite file that cannot be used."""


class ReadOnlyDialect(Dialect):
    """DuckDB as Great Expectations needs it.

    The rollback at the close of a connection wipes DuckDB's pending result, and nearly every
    expectation then fails or, worse, passes. The file is opened read-only: there is nothing to
    begin, commit or roll back.
    """

    supports_statement_cache = False

    def do_begin(self, dbapi_connection: Any) -> None:
        pass

    def do_commit(self, dbapi_connection: Any) -> None:
        pass

    def do_rollback(self, dbapi_connection: Any) -> None:
        pass


DIALECT = "dabing_duckdb_read_only"
registry.register(DIALECT, __name__, ReadOnlyDialect.__name__)


class CountedRowsExpectation(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation for a query that counts what it finds itself (see _counted).

    The original takes no row for good news, also when the rows were lost on the way, and runs its query twice, for
    their number and for themselves. Here there is always a row, and one run over the millions of settlements.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.table"]
        failing_rows = rows[0]["failing_rows"] if rows else None
        examples = (rows[0]["examples"] or []) if rows else []
        return {
            "success": failing_rows == 0,
            "result": {"observed_value": failing_rows, "details": {"examples": examples}},
        }


class FailingRowsCount(TableMetricProvider):
    """How many rows of the table meet a condition; Great Expectations bundles it with the others into one scan."""

    metric_name = "table.failing_rows.count"
    value_keys = ("condition",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(cls, metric_domain_kwargs: dict, metric_value_kwargs: dict, **_: Any) -> tuple[Any, dict, dict]:
        count = f"count(case when {metric_value_kwargs['condition']} then 1 end)"
        return literal_column(count), metric_domain_kwargs, {}


class FailingRowsExamples(TableMetricProvider):
    """Keys of ten rows that meet a condition, out of the same scan."""

    metric_name = "table.failing_rows.examples"
    value_keys = ("condition", "keys")

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(cls, metric_domain_kwargs: dict, metric_value_kwargs: dict, **_: Any) -> tuple[Any, dict, dict]:
        keys, condition = metric_value_kwargs["keys"], metric_value_kwargs["condition"]
        example = f"min(case when {condition} then {_key_text(keys)} end, {EXAMPLES})"
        return literal_column(example), metric_domain_kwargs, {}


class ExpectNoRowsWhere(BatchExpectation):
    """No row of the table meets the condition, an SQL expression over its columns.

    What UnexpectedRowsExpectation says of one table with a scan for each check, all checks of a table say together
    with one: the raw tables hold tens of millions of rows.
    """

    condition: str
    keys: list[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = (FailingRowsCount.metric_name, FailingRowsExamples.metric_name)
    success_keys: ClassVar[tuple[str, ...]] = ("condition", "keys")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        failing_rows = metrics[FailingRowsCount.metric_name]
        examples = metrics[FailingRowsExamples.metric_name] or []
        return {
            "success": failing_rows == 0,
            "result": {"observed_value": failing_rows, "details": {"examples": examples}},
        }


def _key_text(keys: Iterable[str]) -> str:
    """The key of a row in words, as SQL."""
    parts = ", ".join(f"concat('{key}=', coalesce(cast({key} as varchar), '(blank)'))" for key in keys)
    return f"concat_ws(', ', {parts})"


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    `message` says what is wrong, where, and what to do; `examples` name up to ten rows by key.
    """

    suite: str
    table: str
    check: str
    rule: str
    severity: str
    success: bool
    failing_rows: int
    examples: tuple[str, ...]
    message: str
    names_persons: bool = False
    ran: bool = True


@dataclass(frozen=True)
class Earlier:
    """What checks found in the served release, by table which rows are new since (SQL), whether these were added or
    stand for others, and the suites of tables in which none is.

    All other rows are there as they were. A check that looks at each row alone, or beside tables without new rows,
    holds of all rows when it held of those and holds of the new ones, also where it bears a share of failing rows;
    where it counts rows that fail, added ones are counted on; where there is no new row it says what it said. Any other
    is done over everything.
    """

    results: Mapping[tuple[str, str], CheckResult]
    new_rows: Mapping[str, str]
    are_added: bool = False
    unchanged: Collection[str] = ()

    def holds(self, suite: str, check: str) -> bool:
        """Whether a check held."""
        return (suite, check) in self.results and self.results[suite, check].success


@dataclass(frozen=True)
class _Check:
    name: str
    type: str
    kwargs: dict[str, Any]
    rule: str
    severity: str
    key_columns: tuple[str, ...]
    problem: str
    what_to_do: str
    # The suites of the tables beside which a query looks at each row alone; none where it does not.
    beside: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Suite:
    name: str
    table: str
    border: str
    checks: tuple[_Check, ...]


def run_border(
    database: Path,
    border: str,
    expectations_dir: Path = EXPECTATIONS,
    canary: bool = True,
    earlier: Earlier | None = None,
) -> list[CheckResult]:
    """Runs the suites of a border ('raw' or 'marts') over the DuckDB file: a result for each check.

    Whatever keeps a check from running is a failed critical result, never a pass. Raises
    CanaryError when a check that must fail passes, BorderError when the file cannot be opened.
    ``earlier`` saves looking again at what was found to hold; the results are the same.
    """
    if border not in SUITES:
        raise BorderError(f"There is no border '{border}': use {' or '.join(SUITES)}.")
    suites, results = _load_suites(Path(expectations_dir), border)
    tables, canaries, parameters = _look_into(Path(database), CANARIES[border])
    new_rows = {
        suite.table: earlier.new_rows[suite.table]
        for suite in suites
        if earlier and suite.table in tables & earlier.new_rows.keys()
    }
    with _new_rows(Path(database), new_rows), _Warehouse(Path(database)) as warehouse:
        if canary and canaries:
            results += _run_canary(warehouse, border, *canaries[0])
        for suite in suites:
            if suite.table not in tables:
                results.append(
                    _broken(
                        suite.name,
                        suite.table,
                        "table_is_there",
                        f"The table {suite.table} is not in {Path(database).name}. Build it (dbt"
                        " build) before its checks, or correct the name in the suite.",
                    )
                )
                continue
            results += _run_suite(warehouse, suite, parameters, earlier)
    return results


@contextmanager
def _new_rows(database: Path, tables: Mapping[str, str]) -> Iterator[None]:
    """A view of the new rows of each table, for the time of the block."""
    if not tables:
        yield
        return
    with open_database(database) as connection:
        connection.execute(f"create or replace schema {NEW_ROWS}")
        for table, condition in tables.items():
            connection.execute(f"create view {_new_rows_of(table)} as select * from {table} where {condition}")
    try:
        yield
    finally:
        with open_database(database) as connection:
            connection.execute(f"drop schema {NEW_ROWS} cascade")


def _new_rows_of(table: str) -> str:
    return f"{NEW_ROWS}.{table.split('.')[1]}"


def critical_failures(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The failed checks that must stop a run."""
    return [result for result in results if not result.success and result.severity == "critical"]


def results_of(served: Path) -> list[CheckResult]:
    """What the checks of the served release found, as it is published."""
    query = """
        select suite, table_name, check_name, rule, severity, success, failing_rows, examples, message
        from quality.check_result
        where run_id = (select max_by(run_id, release_number) from quality.release)
    """
    with open_database(served, read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    return [CheckResult(*row[:7], (row[7],) if row[7] else (), row[8]) for row in rows]


def write_results(database: Path, results: Iterable[CheckResult], run_id: str, checked_at: datetime) -> None:
    """Adds the results to quality.check_result, without the keys that name persons (rule J3)."""
    rows = [
        (
            run_id,
            checked_at,
            result.suite,
            result.table,
            result.check,
            result.rule,
            result.severity,
            result.success,
            result.failing_rows,
            _published_examples(result),
            published_message(result),
        )
        for result in results
    ]
    if not rows:
        return
    connection = _connect(Path(database), read_only=False)
    try:
        connection.begin()
        connection.executemany(
            """
            insert into quality.check_result (
                run_id, checked_at, suite, table_name, check_name, rule, severity, success,
                failing_rows, examples, message
            )
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            rows,
        )
        connection.commit()
    except duckdb.CatalogException as error:
        raise BorderError(
            f"{Path(database).name} has no table quality.check_result to hold the results of the"
            " checks. Build the model check_result first."
        ) from error
    finally:
        connection.close()


def published(result: CheckResult) -> dict[str, Any]:
    """A result as the page of the run and its log say it: without the keys that name persons (rule J3)."""
    return {
        "suite": result.suite,
        "table": result.table,
        "check": result.check,
        "rule": result.rule,
        "severity": result.severity,
        "success": result.success,
        "failing_rows": result.failing_rows,
        "examples": _published_examples(result) or "",
        "message": published_message(result),
    }


def published_message(result: CheckResult) -> str:
    """What is wrong, where, and what to do, without the keys that name persons (rule J3)."""
    return result.message.replace(such_as(tuple(result.examples)), "") if result.names_persons else result.message


def _published_examples(result: CheckResult) -> str | None:
    if not result.examples:
        return None
    if result.names_persons:
        return "withheld: they name persons (rule J3)"
    return "; ".join(result.examples)


# Reading the suites


def _load_suites(folder: Path, border: str) -> tuple[list[_Suite], list[CheckResult]]:
    """The suites of a border and, as failed checks, whatever is wrong with their files."""
    suites: dict[str, _Suite] = {}
    faults: list[CheckResult] = []
    broken_files = set()
    for path in sorted(folder.glob("*.y*ml")):
        try:
            suite = _read_suite(path)
        except (_SuiteFault, yaml.YAMLError, OSError) as error:
            broken_files.add(path.stem)
            faults.append(
                _broken(
                    path.stem,
                    "",
                    "suite_can_be_read",
                    f"{path.name} cannot be used as a suite: {error}. Correct the file; none of its checks ran.",
                )
            )
            continue
        if suite.border == border:
            suites[suite.name] = suite
    for name in SUITES[border]:
        if name not in suites and name not in broken_files:
            faults.append(
                _broken(
                    name,
                    "",
                    "suite_is_there",
                    f"The suite {name} of the border '{border}' is missing in {folder}. Put"
                    f" {name}.yml back; without it the table goes unchecked.",
                )
            )
    return list(suites.values()), faults


def _read_suite(path: Path) -> _Suite:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("meta"), dict):
        raise _SuiteFault("it is no mapping with name, meta and expectations")
    if content.get("name") != path.stem:
        raise _SuiteFault(f"its name is {content.get('name')!r} and not that of the file")
    meta = content["meta"]
    if meta.get("border") not in SUITES:
        raise _SuiteFault(f"meta.border is {meta.get('border')!r} and none of {', '.join(SUITES)}")
    if not re.fullmatch(r"\w+\.\w+", str(meta.get("table"))):
        raise _SuiteFault(f"meta.table is {meta.get('table')!r} and not schema.table")
    entries = content.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise _SuiteFault("it has no expectations")
    checks = [_read_check(entry, meta) for entry in entries]
    names = [check.name for check in checks]
    for name in names:
        if names.count(name) > 1:
            raise _SuiteFault(f"two checks are called {name}")
    return _Suite(path.stem, meta["table"], meta["border"], tuple(checks))


def _read_check(entry: dict[str, Any], suite_meta: dict[str, Any]) -> _Check:
    if not isinstance(entry, dict) or not isinstance(entry.get("meta"), dict):
        raise _SuiteFault("an expectation is no mapping with type, kwargs and meta")
    meta = entry["meta"]
    name = meta.get("name")
    if not name:
        raise _SuiteFault(f"an expectation {entry.get('type')!r} has no meta.name")
    for item in ("severity", "rule", "problem", "what_to_do"):
        if not meta.get(item):
            raise _SuiteFault(f"the check {name} has no meta.{item}")
    if meta["severity"] not in ("critical", "warning"):
        raise _SuiteFault(f"the severity of {name} is {meta['severity']!r}, not critical or warning")
    keys = tuple(meta.get("key_columns") or suite_meta.get("key_columns") or ())
    if not keys:
        raise _SuiteFault(f"the check {name} has no key_columns")
    try:
        get_expectation_impl(entry.get("type"))
    except Exception as error:
        raise _SuiteFault(f"the check {name} has an unknown expectation type {entry.get('type')!r}") from error
    if entry["type"] == CUSTOM_SQL and "{batch}" not in str((entry.get("kwargs") or {}).get("unexpected_rows_query")):
        raise _SuiteFault(f"the query of {name} does not read {{batch}}")
    if entry["type"] == NO_ROWS and not (entry.get("kwargs") or {}).get("condition"):
        raise _SuiteFault(f"the check {name} has no condition")
    return _Check(
        name=name,
        type=entry["type"],
        kwargs=dict(entry.get("kwargs") or {}),
        rule=str(meta["rule"]),
        severity=meta["severity"],
        key_columns=keys,
        problem=str(meta["problem"]).strip().rstrip("."),
        what_to_do=str(meta["what_to_do"]).strip(),
        beside=tuple(meta["beside"]) if "beside" in meta else () if entry["type"] == NO_ROWS else None,
    )


# The file


def _connect(database: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    if not database.is_file():
        raise BorderError(f"{database}: there is no such DuckDB file. Build it before its checks.")
    try:
        return open_database(database, read_only=read_only)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise BorderError(
            f"{database} cannot be opened ({reason}). Close whatever holds the file, or build it anew if it is damaged."
        ) from error


def _look_into(
    database: Path, canaries: Iterable[tuple[str, str]]
) -> tuple[set[str], list[tuple[str, str, bool]], dict[str, str]]:
    """The tables of the file, those for the canary and whether each has a key, best first, and the SQL for each
    $parameter of the suites.
    """
    connection = _connect(database, read_only=True)
    try:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
        ).fetchall()
        tables = {f"{schema}.{table}" for schema, table, _ in columns}
        there = [(table, key) for table, key in canaries if table in tables]
        found = [(table, key, _has_key(connection, columns, table, key)) for table, key in there]
        pools: list[str] = []
        if "policy_seed.pool_parameter" in tables:
            pools = [
                str(pool)
                for (pool,) in connection.execute(
                    """
                    select distinct pool_region_code
                    from policy_seed.pool_parameter
                    where
                        parameter = 'fund_total_includes_account'
                        and lower(cast(value as varchar)) = 'true'
                    order by pool_region_code
                    """
                ).fetchall()
            ]
    finally:
        connection.close()
    return (
        tables,
        sorted(found, key=lambda canary: not canary[2]),
        {
            "fund_total_includes_account": _in_pools(pools),
            "today": f"date '{date.today().isoformat()}'",
        },
    )


def _has_key(connection: duckdb.DuckDBPyConnection, columns: list[tuple], table: str, key: str) -> bool:
    keys = f"select 1 from {table} where {key} is not null limit 1"
    return (*table.split("."), key) in columns and connection.execute(keys).fetchone() is not None


def _in_pools(pools: list[str]) -> str:
    """A condition on insu_admdvs: it lies in one of the pools (330300 holds all of 3303..)."""
    conditions = [
        f"starts_with(insu_admdvs, '{re.sub('(00)+$', '', pool)}')" for pool in pools if re.fullmatch(r"\d{6}", pool)
    ]
    return f"({' or '.join(conditions)})" if conditions else "false"


class _Warehouse:
    """The DuckDB file as a data source of Great Expectations, open while a border is checked."""

    def __init__(self, database: Path) -> None:
        self._database = database.resolve()
        self._batches: dict[str, Any] = {}

    def __enter__(self) -> Self:
        # The second one sets a level of its own, and says where it puts pages that nobody asked for.
        for talker in ("great_expectations", "great_expectations.data_context.types.base"):
            logging.getLogger(talker).setLevel(logging.CRITICAL)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        # The path itself goes past the URL, in which some characters have a meaning.
        url = URL.create(DIALECT, database="warehouse")
        # 3 GB keeps a border beside dbt on a machine of 8 GB; DuckDB spills to disk above it.
        config = settings(os.environ.get("DABING_CHECK_MEMORY", "3GB"))
        try:
            self._source = context.data_sources.add_sql(
                "warehouse",
                connection_string=url.render_as_string(),
                kwargs={"connect_args": {"database": str(self._database), "read_only": True, "config": config}},
            )
        except Exception as error:
            raise BorderError(
                f"{self._database} cannot be opened for its checks ({_first_line(str(error))}). Close the connections"
                " that this process holds to it, and look at DABING_CHECK_MEMORY, DABING_THREADS and DABING_SPILL."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        # Lets the file go: the results are written into it next.
        self._source.get_execution_engine().close()
        if self._source._engine is not None:
            self._source._engine.dispose()

    def batch(self, table: str) -> Any:
        if table not in self._batches:
            schema, name = table.split(".")
            asset = self._source.add_table_asset(table, table_name=name, schema_name=schema)
            self._batches[table] = asset.add_batch_definition_whole_table(table).get_batch()
        return self._batches[table]

    def validate(
        self, table: str, expectations: list[dict[str, Any]], result_format: str, keys: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Runs expectations over a table, bundled as Great Expectations does; results by check.

        SUMMARY names ten failing rows by ``keys``, which costs a row-by-row expectation three scans more than
        BOOLEAN_ONLY, which says of it whether it holds.
        """
        suite = ExpectationSuite(name=table, expectations=expectations)
        options: dict[str, Any] = {
            "result_format": result_format,
            "partial_unexpected_count": EXAMPLES,
            "return_unexpected_index_query": False,
        }
        if keys:
            options["unexpected_index_column_names"] = list(keys)
        outcome = self.batch(table).validate(suite, result_format=options)
        return {result.expectation_config.meta["check"]: result for result in outcome.results}


# Running


def _run_suite(
    warehouse: _Warehouse, suite: _Suite, parameters: dict[str, str], earlier: Earlier | None = None
) -> list[CheckResult]:
    """What is not known to hold in two goes; then, one by one, what could not be run so and what must name its rows."""
    outcomes = {}
    standing = {}
    if earlier and suite.name in earlier.unchanged:
        standing = {
            check.name: earlier.results[suite.name, check.name]
            for check in suite.checks
            if _looks_at_rows(check, earlier)
            and (suite.name, check.name) in earlier.results
            and not _asks_for_the_day(check)
        }
    elif earlier and suite.table in earlier.new_rows:
        outcomes = _of_new_rows(warehouse, suite, parameters, earlier)
    checks = [check for check in suite.checks if check.name not in outcomes | standing]
    if earlier:
        # What did not hold is not asked first whether it does.
        for check in checks:
            if _is_by_row(check) and not earlier.holds(suite.name, check.name):
                outcomes |= _outcomes(warehouse, suite, (check,), parameters, "SUMMARY")
    checks = [check for check in checks if check.name not in outcomes]
    outcomes |= _in_two_goes(warehouse, suite, checks, parameters)
    for check in checks:
        outcome = outcomes.get(check.name)
        # One condition that cannot be computed takes the whole bundle with it.
        broken = isinstance(outcome, Exception) or (outcome is not None and _exception(outcome.exception_info))
        if broken or (outcome is not None and not outcome.success and _is_by_row(check)):
            outcomes |= _outcomes(warehouse, suite, (check,), parameters, "SUMMARY")
    return [standing.get(check.name) or _result(suite, check, outcomes.get(check.name)) for check in suite.checks]


def _of_new_rows(warehouse: _Warehouse, suite: _Suite, parameters: dict[str, str], earlier: Earlier) -> dict[str, Any]:
    """What new rows alone say of checks: that they still hold, or how many more rows fail than did."""
    before = {check.name: earlier.results.get((suite.name, check.name)) for check in suite.checks}
    counted = {
        check.name: found
        for check in suite.checks
        if earlier.are_added and (found := _counted_before(check, before[check.name]))
    }
    checks = [
        check
        for check in suite.checks
        if _looks_at_rows(check, earlier) and (check.name in counted or earlier.holds(suite.name, check.name))
    ]
    outcomes = _in_two_goes(warehouse, replace(suite, table=_new_rows_of(suite.table)), checks, parameters)
    said = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, Exception) or _exception(outcome.exception_info):
            continue
        if name in counted and outcome.result["observed_value"] is not None:
            more = outcome.result["details"]["examples"]
            outcome.result["observed_value"] += before[name].failing_rows
            outcome.result["details"]["examples"] = sorted([*counted[name], *more])[:EXAMPLES]
            outcome.success = False
        elif not outcome.success:
            continue
        said[name] = outcome
    return said


def _counted_before(check: _Check, result: CheckResult | None) -> list[str]:
    """The rows that a failed check named, where it counted rows and all that it named can be told from its result."""
    if check.beside is None or _asks_for_the_day(check) or PERSON_COLUMNS & set(check.key_columns):
        return []
    if result is None or result.success or not result.ran:
        return []
    found = [key for text in result.examples for key in text.split("; ")]
    return found if len(found) == min(result.failing_rows, EXAMPLES) else []


def _asks_for_the_day(check: _Check) -> bool:
    return "$today" in str(check.kwargs)


def _in_two_goes(
    warehouse: _Warehouse, suite: _Suite, checks: list[_Check], parameters: dict[str, str]
) -> dict[str, Any]:
    by_row = tuple(check for check in checks if _is_by_row(check))
    by_table = tuple(check for check in checks if not _is_by_row(check))
    outcomes = _outcomes(warehouse, suite, by_table, parameters, "SUMMARY")
    return outcomes | _outcomes(warehouse, suite, by_row, parameters, "BOOLEAN_ONLY")


def _is_by_row(check: _Check) -> bool:
    return issubclass(get_expectation_impl(check.type), BY_ROW)


def _looks_at_rows(check: _Check, earlier: Earlier) -> bool:
    """Whether it says of each row by itself, beside tables that are as they were."""
    return _is_by_row(check) or (check.beside is not None and set(check.beside) <= set(earlier.unchanged))


def _outcomes(
    warehouse: _Warehouse,
    suite: _Suite,
    checks: tuple[_Check, ...],
    parameters: dict[str, str],
    result_format: str,
) -> dict[str, Any]:
    """What Great Expectations says of each check, or the exception that kept it from saying anything."""
    if not checks:
        return {}
    keys = checks[0].key_columns if len(checks) == 1 and _is_by_row(checks[0]) else ()
    try:
        expectations = [_expectation(check, parameters) for check in checks]
        return warehouse.validate(suite.table, expectations, result_format, keys)
    except Exception as error:  # Whatever it is: the checks did not run.
        return {check.name: error for check in checks}


def _expectation(check: _Check, parameters: dict[str, str]) -> dict[str, Any]:
    kwargs = dict(check.kwargs)
    if check.type == NO_ROWS:
        kwargs["condition"] = _with_parameters(kwargs["condition"].strip(), parameters)
        kwargs["keys"] = list(check.key_columns)
    if check.type == CUSTOM_SQL:
        kwargs["unexpected_rows_query"] = _counted(
            _with_parameters(kwargs["unexpected_rows_query"], parameters), check.key_columns
        )
        return {"type": COUNTED_SQL, "kwargs": kwargs, "meta": {"check": check.name}}
    return {"type": check.type, "kwargs": kwargs, "meta": {"check": check.name}}


def _with_parameters(query: str, parameters: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in parameters:
            raise ValueError(f"there is no parameter ${match[1]}")
        return parameters[match[1]]

    return re.sub(r"\$([a-z]\w*)", value, query)


def _counted(query: str, keys: tuple[str, ...]) -> str:
    """One row with the count and ten keys of what a query finds; the rows themselves may be millions."""
    # What Great Expectations puts for {batch} (a subquery, with an alias or without) depends on
    # whether the query has the word join; so it stands once, where both forms are right.
    return (
        "with checked as not materialized (select * from {batch})\n"
        "select\n    count(*) as failing_rows,\n"
        f"    min({_key_text(keys)}, {EXAMPLES}) as examples\n"
        f"from (\n{query.strip().replace('{batch}', 'checked')}\n) as failing"
    )


def _result(suite: _Suite, check: _Check, outcome: Any) -> CheckResult:
    if outcome is None:
        return _could_not_run(suite, check, "it gave no result")
    if isinstance(outcome, Exception):
        return _could_not_run(suite, check, _first_line(str(outcome)))
    reason = _exception(outcome.exception_info)
    content = outcome.result or {}
    # A row-by-row check that holds has said so and no more.
    silent = content.get("element_count", content.get("observed_value")) is None
    if reason is None and silent and not (outcome.success and _is_by_row(check)):
        reason = "it looked at nothing"
    if reason is not None:
        return _could_not_run(suite, check, reason)

    success = bool(outcome.success)
    examples: tuple[str, ...] = ()
    if check.type in (CUSTOM_SQL, NO_ROWS):
        failing_rows = content.get("observed_value", 0)
        examples = tuple(content.get("details", {}).get("examples", ()))
        where = f"{failing_rows} in {suite.table}"
    elif "unexpected_count" in content and not success:
        failing_rows = content["unexpected_count"]
        examples = tuple(
            ", ".join(f"{key}={'(blank)' if row.get(key) is None else row[key]}" for key in check.key_columns)
            for row in (content.get("partial_unexpected_index_list") or [])[:EXAMPLES]
        )
        where = f"{failing_rows} of {content['element_count']} in {suite.table}"
    else:
        failing_rows = 0 if success else 1
        where = f"{suite.table} (found: {content.get('observed_value')})"
    message = "holds" if success else f"{check.problem}: {where}{such_as(examples)}. {check.what_to_do}"
    return CheckResult(
        suite=suite.name,
        table=suite.table,
        check=check.name,
        rule=check.rule,
        severity=check.severity,
        success=success,
        failing_rows=failing_rows,
        examples=examples,
        message=message,
        names_persons=bool(PERSON_COLUMNS & set(check.key_columns)),
    )


def such_as(examples: tuple[str, ...]) -> str:
    """The part of a message that names rows."""
    return f", e.g. {'; '.join(examples[:3])}" if examples else ""


def _could_not_run(suite: _Suite, check: _Check, reason: str) -> CheckResult:
    return _broken(
        suite.name,
        suite.table,
        check.name,
        f"The check {check.name} could not be run on {suite.table}: {reason}. Correct the check in"
        f" {suite.name}.yml, or the model if it lost a column; until then nothing is known.",
        rule=check.rule,
    )


def _broken(suite: str, table: str, check: str, message: str, rule: str = "") -> CheckResult:
    return CheckResult(
        suite=suite,
        table=table,
        check=check,
        rule=rule,
        severity="critical",
        success=False,
        failing_rows=1,
        examples=(),
        message=message,
        ran=False,
    )


def _exception(info: dict[str, Any] | None) -> str | None:
    """The first exception of an expectation, which keeps one, or one for each of its metrics."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return _first_line(str(entry.get("exception_message") or "an unnamed exception"))
    return None


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else "an unnamed exception"


# The canary


def _run_canary(warehouse: _Warehouse, border: str, table: str, key: str, has_keys: bool) -> list[CheckResult]:
    """Checks that must fail, one of each kind: with a wrong dialect they pass like the others."""
    query = f"select count(*) as {key} from {{batch}}"
    canaries = [
        ("row_count", "expect_table_row_count_to_equal", {"value": -1}),
        ("custom_sql", CUSTOM_SQL, {"unexpected_rows_query": query}),
    ]
    if has_keys:
        impossible = {"column": key, "value_set": ["no key is like this"]}
        canaries.append(("row_by_row", "expect_column_values_to_be_in_set", impossible))
        canaries.append(("no_rows", NO_ROWS, {"condition": f"{key} is not null"}))
    checks = tuple(
        _Check(
            name=f"canary_{name}",
            type=type_,
            kwargs=kwargs,
            rule="",
            severity="critical",
            key_columns=(key,),
            problem="This check must fail",
            what_to_do="It shows that the checks see what is in the file.",
        )
        for name, type_, kwargs in canaries
    )
    results = _run_suite(warehouse, _Suite("canary", table, border, checks), {})
    for result in results:
        if result.success:
            raise CanaryError(
                f"The check {result.check} must fail and passed on {table}: Great Expectations does"
                " not see what is in the file, and no result of this run can be trusted. Check the"
                " versions of great-expectations, duckdb-sqlalchemy and duckdb against"
                " requirements.txt before anything is published."
            )
    return [result for result in results if not result.ran]
