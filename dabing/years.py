"""Which benefit years a run builds: those of which something that is read differs from the served release, and those
that were named. The rows of all others are taken from the served file as they are.

``quality.int_settlement_reading`` has a fingerprint of all that is read for a settlement but code and seeds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dabing.database import literal, open_database
from dabing.errors import DabingError
from dabing.preflight import TABLES
from dabing.publish import quoted

# What models/**/*.yml says of models whose rows belong to one benefit year each and read no other's.
BY_YEAR = "config.meta.built_by:benefit_year"
# And of those whose rows belong to one period each, a year or a month of it.
BY_PERIOD = "config.meta.built_by:period"
# Has the year in it, so the run that builds some years leaves it filtered.
FILTERED = "int_settlement"
READING = "int_settlement_reading"
# Read by macros/raw/new_files.sql.
NEW_FILES = "staging.new_file"
# Of a table of the served release, while some of its years are built.
ASIDE = "__aside"
# Read by macros/built_years.sql.
VARIABLE = "DABING_BUILT_YEARS"
DIFFERING = """
    with years as (
        select settlement_id, benefit_year, reading_hash from quality.int_settlement_reading
        union all
        select settlement_id, benefit_year, reading_hash from served.quality.int_settlement_reading
    ),
    differing as (
        select settlement_id, benefit_year from years group by settlement_id, benefit_year, reading_hash
        having count(*) = 1
    )
    select benefit_year, count(distinct differing.settlement_id)
    from (select distinct benefit_year from years) as known
    left join differing using (benefit_year)
    group by benefit_year order by benefit_year
"""


@dataclass(frozen=True)
class Years:
    """The benefit years of a run: how many settlements of each differ, and which are built."""

    differing: dict[int, int]
    named: frozenset[int] = frozenset()

    @property
    def built(self) -> list[int]:
        """The years to build."""
        return [year for year, settlements in self.differing.items() if settlements or year in self.named]

    @property
    def is_whole(self) -> bool:
        """Whether no year is left to be taken from the served file."""
        return len(self.built) == len(self.differing)

    def __str__(self) -> str:
        """Which years are built, and why."""
        reasons = [
            f"{year} ({settlements:,} settlements differ)" if settlements else f"{year} (named)"
            for year, settlements in self.differing.items()
            if year in self.built
        ]
        kept = [str(year) for year in self.differing if year not in self.built]
        return (
            f"Benefit years built: {', '.join(reasons) or 'none, no settlement differs'}."
            f" As in the served release: {', '.join(kept) or 'none'}."
        )


def can_keep_years(served: Path) -> bool:
    """Whether a served file has what years are told apart by; one filled from a cluster has not."""
    if not served.exists():
        return False
    with open_database(served, read_only=True) as connection:
        held = "select count(*) from duckdb_tables() where schema_name = 'quality' and table_name = $1"
        return connection.execute(held, [READING]).fetchone() == (1,)


def differing_years(database: Path, served: Path, named: Iterable[int]) -> Years:
    """Hold the fingerprints of a build against those of the served file."""
    with _both(database, served) as connection:
        found = Years(dict(connection.execute(DIFFERING).fetchall()), frozenset(named))
    if unknown := sorted(found.named - found.differing.keys()):
        raise DabingError(f"--years {', '.join(map(str, unknown))}: no settlement belongs to this benefit year.")
    return found


def new_raw_rows(database: Path, changes: dict[str, list[str]]) -> dict[str, str]:
    """A condition, by raw table as read, that holds of the rows of new files; none where other rows changed too."""
    if not _only_new_files(changes):
        return {}
    files = ", ".join(literal(file) for file in changes["new"]) or "null"
    read = """
        select table_schema || '.' || table_name from information_schema.columns
        where table_schema = 'staging' and starts_with(table_name, 'base_') and column_name = 'source_file'
    """
    with open_database(database, read_only=True) as connection:
        return {table: f"source_file in ({files})" for (table,) in connection.execute(read).fetchall()}


def touched_periods(database: Path, served: Path, built: list[int]) -> list[int]:
    """The years whose periods hold settlements of benefit years that were built, or held some in the served file.

    A settlement belongs to a benefit year, and by its day to a month of that year or of another.
    """
    query = """
        select distinct cast(extract(year from settled_on) as integer)
        from (
            select settled_on, benefit_year from oversight.int_standing_claim
            union all
            select settled_on, benefit_year from served.oversight.int_standing_claim
        )
        where list_contains($1, benefit_year)
    """
    with _both(database, served) as connection:
        return sorted({*built, *(year for (year,) in connection.execute(query, [built]).fetchall())})


@contextmanager
def only(built: Iterable[int]) -> Iterator[None]:
    """Have the models build no other years, for the time of the block."""
    os.environ[VARIABLE] = _listed(built)
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def start_from(served: Path, database: Path, changes: dict[str, list[str]]) -> None:
    """Begin a build with what is served, and say which raw files are new where nothing else changed.

    By it the models of staging add to what they have (macros/raw/new_files.sql).
    """
    shutil.copyfile(served, database)
    with open_database(database) as connection:
        connection.execute(f"create or replace table {NEW_FILES} (raw_table varchar, source_file varchar)")
        if _only_new_files(changes):
            known = "select distinct split_part(source_file, '/', 1), null from quality.release_input"
            connection.execute(f"insert into {NEW_FILES} {known}")
            connection.executemany(
                f"insert into {NEW_FILES} values (split_part($1, '/', 1), $1)", [[file] for file in changes["new"]]
            )


def end_with(database: Path) -> None:
    """Take away what was of use to the build alone."""
    with open_database(database) as connection:
        connection.execute(f"drop table {NEW_FILES}")


def _only_new_files(changes: dict[str, list[str]]) -> bool:
    # A correction may reach any row.
    is_correction = any(file.startswith("correction/") for file in changes["new"])
    return not (changes["changed"] or changes["gone"] or is_correction)


def changed_tables(changes: dict[str, list[str]]) -> list[str]:
    """The raw tables of which a file is new, changed or gone."""
    return sorted({file.split("/")[0] for files in changes.values() for file in files}.intersection(TABLES))


def tests_reached(manifest: dict, tables: Iterable[str]) -> set[str]:
    """The data tests that read anything built from these raw tables."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    reached: set[str] = set()
    ahead = {key for key, node in manifest["sources"].items() if node["name"] in tables}
    while ahead:
        reached |= ahead
        ahead = {child for key in ahead for child in manifest["child_map"][key]} - reached
    return {nodes[key]["name"] for key in reached if key in nodes and nodes[key]["resource_type"] == "test"}


def tables_built_by(manifest: dict, kind: str) -> list[tuple[str, str]]:
    """Schema and name of the tables of which the manifest of dbt says ``meta: {built_by: kind}``."""
    return [
        (node["schema"], node["name"])
        for node in manifest["nodes"].values()
        if node["config"].get("meta", {}).get("built_by") == kind and node["config"]["materialized"] == "table"
    ]


def set_aside(database: Path, tables: Iterable[tuple[str, str]]) -> None:
    """Give the tables of the served release another name, for their models to build some years beside them."""
    with open_database(database) as connection:
        for schema, table in tables:
            connection.execute(f"alter table {quoted(schema)}.{quoted(table)} rename to {quoted(table + ASIDE)}")


def put_back(database: Path, tables: Iterable[tuple[str, str]], built: Collection[int]) -> dict[str, str]:
    """Put the years that were built in the place of theirs in the tables set aside, which get their names back.

    Returned is a condition, by table, that holds of the rows that were built.
    """
    conditions = {}
    with open_database(database) as connection:
        connection.execute("set preserve_insertion_order = false")
        for schema, table in tables:
            name, aside = (f"{quoted(schema)}.{quoted(found)}" for found in (table, table + ASIDE))
            columns = {row[0] for row in connection.execute(f"describe {name}").fetchall()}
            conditions[f"{schema}.{table}"] = _rows_of(columns, f"in ({_listed(built)})")
            stand = _rows_of(columns, f"not in ({_listed(built)})" if built else "is not null")
            # A row of no year stands in none.
            connection.execute(f"delete from {aside} where ({stand}) is not true")
            connection.execute(f"insert into {aside} by name select * from {name}")
            connection.execute(f"drop table {name}")
            connection.execute(f"alter table {aside} rename to {quoted(table)}")
    return conditions


def _rows_of(columns: set[str], years: str) -> str:
    """Whether the year of a row is among some years (``in (2021, 2022)``), whatever says it of the row."""
    if "period" in columns:
        return f"case when period_kind = 'year' then period else period // 100 end {years}"
    if "benefit_year" in columns:
        return f"benefit_year {years}"
    # A settlement that is there no more has no year, and its rows are in none.
    return f"settlement_id in (select settlement_id from claims.int_settlement_year where benefit_year {years})"


def _listed(years: Iterable[int]) -> str:
    # Where there is none the condition must hold of none.
    return ", ".join(map(str, years)) or "null"


@contextmanager
def _both(database: Path, served: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_database(database) as connection:
        connection.execute(f"attach {literal(str(served))} as served (read_only)")
        yield connection
