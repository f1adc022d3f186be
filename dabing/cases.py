"""`dabing cases`: the lists that case workers need by name, in files that only their owner may read (rule J3).

The published file knows persons by a keyed hash. Names and certificate numbers are in the raw tables; whoever has those
and the key of the hash can write the lists. They are never put into the published file.
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import duckdb

from dabing.database import open_database
from dabing.errors import DabingError
from dabing.explain import DATABASE

OWNER_ONLY, OWNER_ONLY_FOLDER = 0o600, 0o700
LISTS = {
    "poverty_risk_watchlist": "watch_status = 'open'",
    "relief_case": "true",
    "enrolment_gap": "true",
}
QUERY = """
    select person.person_number, person.person_name, person.certificate_number, cases.*
    from oversight.{table} as cases
    left join staging.stg_person as person on cases.person_key = person.person_key
    where {condition} order by all
"""


def write_cases(warehouse: Path, directory: Path) -> dict[str, int]:
    """Write a CSV file for each list into ``directory``, new files in a folder of their own; rows of each.

    Raises DabingError when the folder is there already, when there is no warehouse or key, or the raw tables that the
    warehouse was built from are gone.
    """
    path = warehouse / DATABASE
    if not path.exists():
        raise DabingError(f"{path}: there is no published warehouse. Run `dabing run`, or name its --warehouse.")
    if directory.exists():
        raise DabingError(f"{directory} is there already: name a new folder, so that no list of names is overwritten.")
    try:
        with open_database(path, read_only=True) as connection:
            connection.execute("set variable person_key = $1", [_key(warehouse)])
            lists = {table: _rows(connection, table, condition) for table, condition in LISTS.items()}
    except duckdb.Error as error:
        raise DabingError(
            f"{path}: the lists cannot be read ({str(error).splitlines()[0]}). Names come from the raw tables: they"
            " must lie where they were when the warehouse was built. Put them back, or run `dabing run` again."
        ) from error
    unknown = [table for table, (_, rows) in lists.items() if rows and all(row[0] is None for row in rows)]
    if unknown:
        raise DabingError(
            f"No person of {unknown[0]} is found under this key of the person hash: set DBT_ENV_SECRET_PERSON_KEY to"
            " the key that the warehouse was built with."
        )
    # Named when it is whole: a list that ends early looks like one that is complete.
    partial = directory.with_name(f".{directory.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=OWNER_ONLY_FOLDER)
    try:
        for table, (names, rows) in lists.items():
            target = os.open(partial / f"{table}.csv", os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
            with os.fdopen(target, "w", newline="", encoding="utf-8-sig") as file:
                writer = csv.writer(file)
                writer.writerow(names)
                writer.writerows([_as_text(value) for value in row] for row in rows)
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {table: len(rows) for table, (_, rows) in lists.items()}


def _as_text(value: object) -> object:
    """A text that a spreadsheet would take for a formula, marked as the text that it is: names come from outside."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _rows(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> tuple[list[str], list[tuple]]:
    found = connection.execute(QUERY.format(table=table, condition=condition))
    return [column[0] for column in found.description], found.fetchall()


def _key(warehouse: Path) -> str:
    """The key of the person hash: from the environment, else the one that is kept beside the warehouse."""
    file = warehouse / "person_key"
    key = os.environ.get("DBT_ENV_SECRET_PERSON_KEY") or (file.read_text().strip() if file.exists() else "")
    if not key:
        raise DabingError(
            f"{warehouse}: names are found only with the key of the person hash. Set DBT_ENV_SECRET_PERSON_KEY to the"
            " key that the warehouse was built with."
        )
    return key
