"""What a published file says of itself in numbers, and what a run prints of them at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dabing.database import open_database
from dabing.errors import visible
from dabing.publish import PUBLIC_TABLES, InputFile, quoted, releases

LARGEST = 10
# A view holds no rows of its own: to count payout_trace is to work it out, for minutes on a large file.
TABLES = f"""
    select table_schema, table_name from ({PUBLIC_TABLES}) semi join (from duckdb_tables()) using (table_name)
    order by all
"""
ROWS = """
    select raw_table, sum(delivered) as delivered, sum(accepted) as accepted, sum(superseded) as superseded,
        sum(void) as void, sum(quarantined) as quarantined
    from quality.load_audit group by raw_table order by sum(delivered) desc
"""
REASONS = """
    select raw_table, regexp_extract(reasons, '^Q[0-9]+ [a-z_]+') as reason, count(*) as rows
    from quality.quarantine group by all order by all
"""
FUNDS = """
    select scheme_id, benefit_year, sum(insured_heads) as insured_heads, sum(income_amount) as income_amount,
        sum(persons_paid) as persons_paid, sum(payout_amount) as payout_amount,
        max_by(parameter_status, case parameter_status when 'enacted' then 1 when 'reference' then 2 else 3 end)
            as parameter_status
    from funds.fct_fund_year group by all order by all
"""
COUNTIES = """
    select scheme_id, benefit_year, region_code, insurance_type, persons_paid, payout_amount
    from funds.fct_fund_year order by all
"""
RELEASE = """
    select code_version, input_files, checks, warnings, (select sum(payout_amount) from benefits.fct_payout)
    from quality.release where release_number = $1
"""
LAST_RELEASE = """
    select release_number, run_id, released_at, code_version, input_files, input_bytes, checks, warnings
    from quality.release order by release_number desc limit 1
"""


@dataclass(frozen=True)
class Facts:
    """A published file in numbers; each list holds rows by column name."""

    release: dict[str, Any]
    rows: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    funds: list[dict[str, Any]]
    counties: list[dict[str, Any]]
    tables: list[dict[str, Any]]


def facts(database: Path) -> Facts | None:
    """What a file says of itself; None where there is none yet, or one that an early version published."""
    if not database.exists():
        return None
    with open_database(database, read_only=True) as connection:
        try:
            last = _dicts(connection, LAST_RELEASE)
            return Facts(
                release=last[0] if last else {},
                rows=_dicts(connection, ROWS),
                quarantine=_dicts(connection, REASONS),
                funds=_dicts(connection, FUNDS),
                counties=_dicts(connection, COUNTIES),
                tables=[
                    {"table": f"{schema}.{table}", "rows": connection.execute(_count(schema, table)).fetchone()[0]}
                    for schema, table in connection.execute(TABLES).fetchall()
                ],
            )
        except (duckdb.CatalogException, duckdb.BinderException):
            return None


def _dicts(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _count(schema: str, table: str) -> str:
    return f"select count(*) from {quoted(schema)}.{quoted(table)}"


def compared(
    now: Iterable[dict[str, Any]], last: Iterable[dict[str, Any]], key: tuple[str, ...], numbers: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The rows of now, each number with its ``<number>_change`` against the row of the same key last time.

    What was there last time and is not any more comes at the end, with numbers of 0.
    """
    before = {tuple(row[name] for name in key): row for row in last}
    rows = []
    for row in now:
        old = before.pop(tuple(row[name] for name in key), {})
        rows.append({**row, **{f"{name}_change": (row[name] or 0) - (old.get(name) or 0) for name in numbers}})
    for old in before.values():
        rows.append({**old, **dict.fromkeys(numbers, 0), **{f"{name}_change": -(old[name] or 0) for name in numbers}})
    return rows


@dataclass(frozen=True)
class Summary:
    """What came out, beside the release before (``last``; none for a first one)."""

    facts: Facts
    last: dict[str, Any] | None
    rows: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    funds: list[dict[str, Any]]
    largest_changes: list[dict[str, Any]]
    tables: list[dict[str, Any]]


def summary(now: Facts, last: Facts | None) -> Summary:
    """Compare two files."""
    if last is None:
        return Summary(now, None, now.rows, now.quarantine, now.funds, [], now.tables)
    county = ("scheme_id", "benefit_year", "region_code", "insurance_type")
    counties = compared(now.counties, last.counties, county, ("persons_paid", "payout_amount"))
    changed = [row for row in counties if row["payout_amount_change"] or row["persons_paid_change"]]
    changed.sort(key=lambda row: (-abs(row["payout_amount_change"]), *(row[name] for name in county)))
    fates = ("delivered", "accepted", "superseded", "void", "quarantined")
    paid = ("insured_heads", "income_amount", "persons_paid", "payout_amount")
    return Summary(
        facts=now,
        last=last.release,
        rows=compared(now.rows, last.rows, ("raw_table",), fates),
        quarantine=compared(now.quarantine, last.quarantine, ("raw_table", "reason"), ("rows",)),
        funds=compared(now.funds, last.funds, ("scheme_id", "benefit_year"), paid),
        largest_changes=changed[:LARGEST],
        tables=compared(now.tables, last.tables, ("table",), ("rows",)),
    )


def input_changes(files: list[InputFile], served: Path) -> dict[str, list[str]]:
    """Raw files that are new, changed or gone since the served release read them."""
    if not served.exists():
        return {}
    with open_database(served, read_only=True) as connection:
        try:
            listed = connection.execute(
                "select source_file, size_bytes, modified_at from quality.release_input"
            ).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            return {}
    before = {name: (size, modified_at) for name, size, modified_at in listed}
    now = {file.file: (file.size, datetime.fromtimestamp(file.modified_ns / 1e9)) for file in files}
    return {
        "new": sorted(now.keys() - before.keys()),
        "changed": sorted(name for name in now.keys() & before.keys() if now[name] != before[name]),
        "gone": sorted(before.keys() - now.keys()),
    }


def as_json(found: Summary) -> dict[str, Any]:
    """The summary for the log."""
    return {
        "last_release": (found.last or {}).get("release_number"),
        "rows": found.rows,
        "quarantine": found.quarantine,
        "funds": found.funds,
        "largest_changes": found.largest_changes,
    }


def console() -> Console:
    """Where a run speaks; wide enough for its tables when nobody's terminal says how wide it is."""
    terminal = Console(highlight=False, soft_wrap=True)
    return terminal if terminal.is_terminal else Console(highlight=False, soft_wrap=True, width=140)


def print_summary(console: Console, found: Summary, results: list) -> None:
    """Print rows in, quarantine by reason, payouts by scheme and year, what changed, and checks that did not pass."""
    from dabing.checks import published_message

    _print(
        console,
        "Rows",
        {
            "raw table": "raw_table",
            "delivered": "delivered",
            **({"change": "delivered_change"} if found.last else {}),
            "accepted": "accepted",
            "superseded": "superseded",
            "void": "void",
            "quarantined": "quarantined",
            **({"change ": "quarantined_change"} if found.last else {}),
        },
        found.rows,
    )
    if found.quarantine:
        names = {"raw table": "raw_table", "reason": "reason", "rows": "rows"}
        changes = {"change": "rows_change"} if found.last else {}
        _print(console, "Quarantine (quality.quarantine)", names | changes, found.quarantine)
    _print(
        console,
        "Funds (funds.fct_fund_year)",
        {
            "scheme": "scheme_id",
            "year": "benefit_year",
            "heads": "insured_heads",
            "income, yuan": "income_amount",
            "persons paid": "persons_paid",
            **({"change": "persons_paid_change"} if found.last else {}),
            "payouts, yuan": "payout_amount",
            **({"change ": "payout_amount_change"} if found.last else {}),
            "parameters": "parameter_status",
        },
        found.funds,
    )
    if found.largest_changes:
        names = {"scheme": "scheme_id", "year": "benefit_year", "county": "region_code", "type": "insurance_type"}
        numbers = {
            "persons paid": "persons_paid",
            "change": "persons_paid_change",
            "payouts, yuan": "payout_amount",
            "change ": "payout_amount_change",
        }
        title = f"Largest changes against release {found.last['release_number']}, county by county"
        _print(console, title, names | numbers, found.largest_changes)
    elif found.last:
        console.print(f"No payout differs from release {found.last['release_number']}.")
    warnings = [result for result in results if not result.success]
    console.print(f"Checks: {len(results)}, of which {len(warnings)} gave a warning (quality.check_result)")
    for result in warnings:
        console.print(Text(visible(f"  warning: {published_message(result)}")))


def print_releases(console: Console, warehouse: Path) -> None:
    """Print the kept releases, oldest first, and which one is served."""
    rows = []
    for release, path, is_served in releases(warehouse):
        with open_database(path, read_only=True) as connection:
            found = connection.execute(RELEASE, [release.number]).fetchone()
        rows.append(
            (str(release.number), f"{release.released_at:%Y-%m-%d %H:%M:%S}", *found, "yes" if is_served else "")
        )
    names = ["release", "released at", "code", "raw files", "checks", "warnings", "payouts, yuan", "served"]
    listed = [dict(zip(names, row, strict=True)) for row in rows]
    _print(console, f"Releases kept in {warehouse}", {name: name for name in names}, listed)


def _print(console: Console, title: str, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """A table: its headings with the names of the values below them."""
    table = Table(title=Text(visible(title)), title_justify="left")
    for heading, name in columns.items():
        is_number = bool(rows) and not isinstance(rows[0][name], str) and "year" not in heading
        table.add_column(heading.strip(), justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(Text(visible(said(name, row[name]))) for name in columns.values()))
    console.print(table)


def said(name: str, value: object) -> str:
    """A value of a table in words; a change with its sign."""
    if value is None:
        return ""
    if name.endswith("_change"):
        return f"{value:+,}" if value else "0"
    return str(value) if isinstance(value, str) or name == "benefit_year" else f"{value:,}"
