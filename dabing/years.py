"""Which benefit years a run builds: those of which something that is read differs from the served release, and those
that were named. The rows of all others are taken from the served file as they are.

``quality.int_settlement_reading`` and ``int_line_reading`` have fingerprints of all that is read for a settlement but
code and seeds.
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
# Views of raw rows: of those files alone, in which settlements of the years that are built lie.
FILES_READ = ("stg_settlement", "stg_fee_line")
# All views that are of these years alone while they are built, and whole again then.
FILTERED = (*FILES_READ, "int_settlement")
READING = "int_settlement_reading"
# Read by macros/raw/new_files.sql.
NEW_FILES = "staging.new_file"
# Read by macros/built_years.sql.
BUILT_FILES = "staging.built_file"
# Of a build and of what is served, before a schema.
FILES = ("", "served.")
# Of a table of the served release, while some of its years are built.
ASIDE = "__aside"
# As in 202207.
MONTH = "(extract(year from settled_on) * 100 + extract(month from settled_on))"
# Read by macros/built_years.sql too.
VARIABLE = "DABING_BUILT_YEARS"
# Of a table that a build keeps as the served release has it (macros/raw/new_files.sql).
AS_SERVED = "__served"
# What settlements tell of persons: mostly nothing new, and then all that is told of persons beside them stands.
TOLD_BY_SETTLEMENTS = "int_person_pool"
# Of most years all rows are the same, which is told by their hashes together and without their keys. A fingerprint is
# of the key too, so that it stands once in a year.
DIFFERING = """
    with readings as (
        select *, true as is_served from served.quality.int_settlement_reading
        union all
        select *, false as is_served from quality.int_settlement_reading
    ),
    line_readings as (
        select *, true as is_served from served.quality.int_line_reading
        union all
        select *, false as is_served from quality.int_line_reading
    ),
    years as (
        select
            benefit_year,
            bit_xor(hash(reading_hash)) filter (is_served)
            is distinct from bit_xor(hash(reading_hash)) filter (not is_served) as differs
        from readings
        group by benefit_year
    ),
    lines as (
        select
            bit_xor(lines_hash) filter (is_served)
            is distinct from bit_xor(lines_hash) filter (not is_served) as differ
        from line_readings
    ),
    differing_lines as (
        select settlement_id from line_readings where (select differ from lines) group by settlement_id
        having bit_xor(lines_hash) filter (is_served) is distinct from bit_xor(lines_hash) filter (not is_served)
    ),
    differing_readings as (
        select benefit_year, reading_hash from readings
        where benefit_year in (select benefit_year from years where differs)
        group by benefit_year, reading_hash having count(*) = 1
    ),
    differing as (
        select readings.settlement_id, readings.benefit_year
        from readings
        inner join differing_readings using (benefit_year, reading_hash)
        union all
        select readings.settlement_id, readings.benefit_year
        from differing_lines inner join quality.int_settlement_reading as readings using (settlement_id)
    )
    select benefit_year, count(distinct differing.settlement_id)
    from years
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
    """The periods (2022, 202207) that hold settlements of built benefit years, or held some in the served file.

    A settlement belongs to a benefit year, and by its day to a month of that year or of another.
    """
    query = f"""
        select distinct cast({MONTH} as integer)
        from (
            select settled_on, benefit_year from oversight.int_standing_claim
            union all
            select settled_on, benefit_year from served.oversight.int_standing_claim
        )
        where list_contains($1, benefit_year)
    """
    with _both(database, served) as connection:
        return [*built, *sorted(month for (month,) in connection.execute(query, [built]).fetchall())]


@contextmanager
def only(built: Iterable[int]) -> Iterator[None]:
    """Have the models build no other years, for the time of the block."""
    os.environ[VARIABLE] = _listed(built)
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def start_from(served: Path, database: Path, changes: dict[str, list[str]]) -> None:
    """Begin a build with what is served, and say of each raw table which files are new where nothing else changed.

    By it the models of staging add to what they have (macros/raw/new_files.sql).
    """
    _copy(served, database)
    with open_database(database) as connection:
        connection.execute(f"create or replace table {NEW_FILES} (raw_table varchar, source_file varchar)")
        known = connection.execute("select source_file from quality.release_input").fetchall()
        whole = set(TABLES) if _corrects(changes) else {_table(file) for file in changes["changed"] + changes["gone"]}
        rows = [*{(_table(file), None) for (file,) in known}, *((_table(file), file) for file in changes["new"])]
        tables, files = zip(*rows, strict=True)
        added = f"insert into {NEW_FILES} select unnest($1::varchar[]), unnest($2::varchar[])"
        connection.execute(added, [tables, files])
        connection.execute(f"delete from {NEW_FILES} where list_contains($1::varchar[], raw_table)", [[*whole]])


def _copy(served: Path, database: Path) -> None:
    """Byte by byte, or by sharing what lies on the disk, where the file system does that (XFS, Btrfs)."""
    try:
        with served.open("rb") as source, database.open("wb") as target:
            while os.copy_file_range(source.fileno(), target.fileno(), 1 << 30):
                pass
    except (AttributeError, OSError):
        # Not on this system, or not from one file system to another; if the disk is full, it is full here too.
        shutil.copyfile(served, database)


def end_with(database: Path) -> None:
    """Take away what was of use to the build alone."""
    with open_database(database) as connection:
        kept = "select schema_name, table_name from duckdb_tables() where ends_with(table_name, $1)"
        for schema, table in connection.execute(kept, [AS_SERVED]).fetchall():
            connection.execute(f"drop table {quoted(schema)}.{quoted(table)}")
        connection.execute(f"drop table {NEW_FILES}")
        for table in ("stg_touched_settlement", "stg_touched_line"):
            connection.execute(f"delete from staging.{table}")


def _only_new_files(changes: dict[str, list[str]]) -> bool:
    return not (changes["changed"] or changes["gone"] or _corrects(changes))


def _corrects(changes: dict[str, list[str]]) -> bool:
    """Whether corrections changed: one may reach any row."""
    return any(_table(file) == "correction" for files in changes.values() for file in files)


def _table(file: str) -> str:
    return file.split("/")[0]


def changed_tables(changes: dict[str, list[str]]) -> list[str]:
    """The raw tables of which a file is new, changed or gone."""
    return sorted({_table(file) for files in changes.values() for file in files}.intersection(TABLES))


def readers(manifest: dict, keys: Iterable[str], standing: Collection[str] = ()) -> set[str]:
    """These nodes of dbt's graph and all that reads them, but through nodes that stand as they were."""
    found: set[str] = set()
    ahead = set(keys)
    while ahead:
        found |= ahead
        ahead = {child for key in ahead if key not in standing for child in manifest["child_map"][key]} - found
    return found


def raw_sources(manifest: dict, tables: Collection[str]) -> set[str]:
    """The nodes of raw tables."""
    return {key for key, node in manifest["sources"].items() if node["name"] in tables}


def built_by_parts(manifest: dict) -> set[str]:
    """The models of which a run may build some benefit years or periods alone."""
    return {key for key, node in manifest["nodes"].items() if node["config"].get("meta", {}).get("built_by")}


def named(manifest: dict, names: Collection[str]) -> set[str]:
    """The nodes of dbt's graph that have these names."""
    return {key for key, node in manifest["nodes"].items() if node["name"] in names}


def names(manifest: dict, kind: str, keys: Iterable[str]) -> set[str]:
    """The names of these nodes that are of a kind: ``model``, ``test``."""
    nodes = manifest["nodes"]
    return {nodes[key]["name"] for key in keys if key in nodes and nodes[key]["resource_type"] == kind}


def standing(manifest: dict, read: Collection[str], database: Path, served: Path) -> set[str]:
    """The models that hold what they hold in the served file, in a run that builds no year.

    These are all that are built by years, and what was built from the raw tables that are ``read`` and came out equal.
    """
    nodes = manifest["nodes"]
    by_parts = built_by_parts(manifest)
    after = {key for key in readers(manifest, by_parts) - by_parts if key.startswith("model.")}
    found = named(manifest, FILTERED[-1:]) | by_parts
    built = readers(manifest, read) - readers(manifest, by_parts)
    # Others are read by nothing that is left.
    tables = [
        key
        for key in built & nodes.keys()
        if nodes[key]["config"].get("materialized") in ("table", "incremental")
        and not after.isdisjoint(manifest["child_map"][key])
    ]
    return found | equal_tables(manifest, tables, database, served)


def equal_tables(manifest: dict, keys: Iterable[str], database: Path, served: Path) -> set[str]:
    """Those of some tables, nodes of dbt's graph, that hold what they hold in the served file."""
    nodes = manifest["nodes"]
    with _both(database, served) as connection:
        return {key for key in keys if len({_sum(connection, file, nodes[key]) for file in FILES}) == 1}


def _sum(connection: duckdb.DuckDBPyConnection, file: str, node: dict) -> tuple:
    table = f"{file}{quoted(node['schema'])}.{quoted(node['name'])}"
    return connection.execute(f"select count(*), sum(hash(node)) from {table} as node").fetchone()


def tables_built_by(manifest: dict, kind: str) -> list[tuple[str, str]]:
    """Schema and name of the tables of which the manifest of dbt says ``meta: {built_by: kind}``."""
    return [
        (node["schema"], node["name"])
        for node in manifest["nodes"].values()
        if node["config"].get("meta", {}).get("built_by") == kind and node["config"]["materialized"] == "table"
    ]


def settlements_of_years(built: Collection[int]) -> str:
    """The settlements of some benefit years, as a query."""
    return f"select settlement_id from claims.int_settlement_year where benefit_year in ({_listed(built)})"


def settlements_of_periods(periods: Collection[int]) -> str:
    """The settlements that the rankings of some years and months read (``touched_periods``), as a query."""
    return f"""
        select settlement_id from oversight.int_standing_claim
        where benefit_year in ({_listed(periods)}) or {MONTH} in ({_listed(periods)})
    """


@contextmanager
def listed_files(database: Path, settlements: str) -> Iterator[None]:
    """Say in which raw files some settlements and their fee lines lie, for the time of the block.

    The others are then not read for these. ``settlements`` is a query of their numbers.
    """
    tables = (("setl_d", "claims.int_settlement_year"), ("fee_list_d", "quality.int_line_reading"))
    files = " union all ".join(
        f"select distinct {literal(raw)} as raw_table, source_file from {known} where settlement_id in ({settlements})"
        for raw, known in tables
    )
    with open_database(database) as connection:
        connection.execute(f"create or replace table {BUILT_FILES} as {files}")
    try:
        yield
    finally:
        with open_database(database) as connection:
            connection.execute(f"drop table {BUILT_FILES}")


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
            stand = f"not in ({_listed(built)})" if built else "is not null"
            # A row of no year stands in none.
            gone = f"({_rows_of(columns, stand)}) is not true"
            if columns.isdisjoint(("period", "benefit_year")):
                # These are few rows beside the settlements: they are sought there, and not settlements among them.
                gone = f"""
                    rowid in (
                        select held.rowid from {aside} as held
                        left join claims.int_settlement_year as known on held.settlement_id = known.settlement_id
                        where (known.benefit_year {stand}) is not true
                    )
                """
            connection.execute(f"delete from {aside} where {gone}")
            connection.execute(f"insert into {aside} by name select * from {name}")
            connection.execute(f"drop table {name}")
            connection.execute(f"alter table {aside} rename to {quoted(table)}")
    return conditions


def _rows_of(columns: set[str], years: str) -> str:
    """Whether the year of a row is among some years (``in (2021, 2022)``), whatever says it of the row."""
    if "period" in columns:
        return f"period {years}"
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
