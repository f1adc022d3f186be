"""What a run says at its end."""

from __future__ import annotations

from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dabing.errors import visible
from dabing.publish import releases

ROWS = """
    select raw_table, sum(delivered), sum(accepted), sum(superseded), sum(void), sum(quarantined)
    from quality.load_audit group by raw_table order by sum(delivered) desc
"""
REASONS = """
    select raw_table, regexp_extract(reasons, '^Q[0-9]+ [a-z_]+'), count(*)
    from quality.quarantine group by all order by all
"""
FUNDS = """
    select scheme_id, benefit_year, sum(insured_heads), sum(income_amount), sum(persons_paid), sum(payout_amount),
        max_by(parameter_status, case parameter_status when 'enacted' then 1 when 'reference' then 2 else 3 end)
    from funds.fct_fund_year group by all order by all
"""
RELEASE = """
    select code_version, input_files, checks, warnings, (select sum(payout_amount) from benefits.fct_payout)
    from quality.release where release_number = $1
"""


def console() -> Console:
    """Where a run speaks; wide enough for its tables when nobody's terminal says how wide it is."""
    terminal = Console(highlight=False, soft_wrap=True)
    return terminal if terminal.is_terminal else Console(highlight=False, soft_wrap=True, width=120)


def print_summary(console: Console, database: Path, results: list) -> None:
    """Print rows in, quarantine by reason, payouts by scheme and year, and checks that did not pass."""
    with duckdb.connect(str(database), read_only=True) as connection:
        _print(
            console,
            "Rows",
            ["raw table", "delivered", "accepted", "superseded", "void", "quarantined"],
            connection.execute(ROWS).fetchall(),
        )
        reasons = connection.execute(REASONS).fetchall()
        if reasons:
            _print(console, "Quarantine (quality.quarantine)", ["raw table", "reason", "rows"], reasons)
        _print(
            console,
            "Critical illness insurance (funds.fct_fund_year)",
            ["scheme", "year", "heads", "income, yuan", "persons paid", "payouts, yuan", "parameters"],
            connection.execute(FUNDS).fetchall(),
        )
    warnings = [result for result in results if not result.success]
    console.print(f"Checks: {len(results)}, of which {len(warnings)} gave a warning (quality.check_result)")
    for result in warnings:
        console.print(f"  warning: {visible(result.message)}", markup=False)


def print_releases(console: Console, warehouse: Path) -> None:
    """Print the kept releases, oldest first, and which one is served."""
    rows = []
    for release, path, is_served in releases(warehouse):
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(RELEASE, [release.number]).fetchone()
        rows.append(
            (str(release.number), f"{release.released_at:%Y-%m-%d %H:%M:%S}", *found, "yes" if is_served else "")
        )
    names = ["release", "released at", "code", "raw files", "checks", "warnings", "payouts, yuan", "served"]
    _print(console, f"Releases kept in {warehouse}", names, rows)


def _print(console: Console, title: str, names: list[str], rows: list[tuple]) -> None:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(names):
        is_number = bool(rows) and not isinstance(rows[0][number], str) and "year" not in name
        table.add_column(name, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_text(name, value) for name, value in zip(names, row, strict=True)))
    console.print(table)


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    return escape(visible(str(value))) if isinstance(value, str) or name == "year" else f"{value:,}"
