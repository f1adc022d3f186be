"""Fixtures of the BI tests: a published sample, and clients of another version (`make test-bi`)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OLDEST = Path(sys.prefix) / "duckdb-oldest"


@dataclass(frozen=True)
class Served:
    """A published sample. It is asked in a process of its own, as each client is one."""

    database: Path

    def ask(self, query: str) -> list[tuple]:
        """Rows by the DuckDB of the project, money exact."""
        script = (
            "import duckdb, sys\nfrom decimal import Decimal\n"
            "print(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchall())"
        )
        command = [sys.executable, "-c", script, str(self.database), query]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return eval(said, {"Decimal": Decimal, "datetime": datetime})


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A small sample, built and published."""
    folder = tmp_path_factory.mktemp("bi")
    for command in (
        ["sample", "--directory", folder / "raw", "--persons", "1000"],
        ["run", "--raw", folder / "raw", "--warehouse", folder / "warehouse"],
    ):
        finished = subprocess.run(
            [sys.executable, "-m", "dabing.cli", *map(str, command)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
    return Served(folder / "warehouse" / "dabing.duckdb")


@pytest.fixture(scope="session")
def oldest() -> Path:
    """The folder of the oldest DuckDB."""
    assert OLDEST.exists(), "the client is not installed: make test-bi"
    return OLDEST
