"""How this package opens a DuckDB file: within the memory and threads that a run may use."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb


def open_database(database: Path | str = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a file as profiles.yml does.

    Left to itself DuckDB takes four fifths of the machine's memory, whatever the run was given.
    """
    return duckdb.connect(str(database), read_only=read_only, config=settings(os.environ.get("DABING_MEMORY", "6GB")))


def settings(memory: str) -> dict[str, str]:
    """Settings of a whole database, given as it is opened: ``memory`` such as 6GB, DABING_THREADS, DABING_SPILL."""
    given = {"memory_limit": memory, "threads": os.environ.get("DABING_THREADS", "2")}
    if os.environ.get("DABING_SPILL"):
        given["temp_directory"] = os.environ["DABING_SPILL"]
    return given


def literal(value: str) -> str:
    """A text as SQL, where a statement takes no parameter: in ATTACH and in views."""
    return "'" + value.replace("'", "''") + "'"
