"""Fixtures of the second engine: a cluster of this machine, and the same input built on both engines."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import populations
from awkward import write_awkward_files
from dialect import PROJECT

from dabing.cluster import SMALL, Cluster
from dabing.sample import write_sample

PERSONS = int(os.environ.get("DABING_TEST_SPARK_PERSONS", "1000"))
KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
# As many versions of tables are there in the middle of a build.
VERSIONS_AT_THE_KILL = 45


def dbt(*arguments: str | Path, environment: dict[str, str], project: Path = PROJECT) -> subprocess.CompletedProcess:
    """A dbt command from the project's folder, as a user runs it."""
    return subprocess.run(
        [Path(sys.executable).with_name("dbt"), *map(str, arguments)],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Builds:
    """The same input on both engines."""

    duckdb: Path
    spark: Path
    raw: Path
    said: str
    killed_with_tables: int
    tables_in_the_end: int


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Master, two workers and thrift server, for all tests; the tests may kill parts of it."""
    with Cluster(tmp_path_factory.mktemp("cluster"), settings=SMALL) as started:
        yield started


@pytest.fixture(scope="session")
def environment(cluster, raw, tmp_path_factory) -> dict[str, str]:
    """What dbt and the command need to find cluster, input and key."""
    key_file = tmp_path_factory.mktemp("key") / "person_key"
    key_file.write_text(KEY)
    return {
        **cluster.environment,
        "DABING_SPARK_POLL": "0",
        "DABING_SPARK_PARTITIONED": "1",
        "DABING_RAW": str(raw),
        "DABING_KEY_FILE": str(key_file),
        "DBT_ENV_SECRET_PERSON_KEY": KEY,
    }


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """The sample; files that each read in their own way (CSV, floats, zones, odd names); a population made to hurt."""
    folder = tmp_path_factory.mktemp("input")
    raw, drawn = folder / "raw", folder / "drawn"
    write_sample(raw, persons=PERSONS, seed=1, progress=False)
    write_awkward_files(raw)
    draw = random.Random(11)
    population = populations.populate(PROJECT / "seeds", draw, persons=200)
    populations.write_raw(population, drawn, draw, ("csv", "parquet_typed"))
    for table in drawn.iterdir():
        table.rename(raw / table.name / "drawn")
    return raw


def _versions(cluster: Cluster) -> int:
    return len(list((cluster.work / "warehouse" / "table_version.db").glob("*__*")))


@pytest.fixture(scope="session")
def builds(cluster, environment, raw, tmp_path_factory) -> Builds:
    """`dabing run --engine spark`, one worker killed in the middle of it, beside a plain `dbt run` on DuckDB."""
    work = tmp_path_factory.mktemp("builds")
    database = work / "dabing.duckdb"
    built = dbt(
        "build", "--exclude-resource-type", "unit_test", "test", "--target-path", work / "target",
        environment={**environment, "DABING_DATABASE": str(database), "DABING_SPILL": str(work / "spill")},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout[-4000:]

    killed: list[int] = []
    done = threading.Event()

    def kill_in_the_middle() -> None:
        while not done.is_set():
            if _versions(cluster) >= VERSIONS_AT_THE_KILL:
                cluster.kill("worker-1")
                killed.append(_versions(cluster))
                return
            time.sleep(0.1)

    watcher = threading.Thread(target=kill_in_the_middle)
    watcher.start()
    warehouse = work / "warehouse"
    words = ("--log", "text")
    try:
        finished = subprocess.run(
            [
                sys.executable,
                "-m",
                "dabing.cli",
                "run",
                "--engine",
                "spark",
                *words,
                "--raw",
                raw,
                "--warehouse",
                warehouse,
            ],
            cwd=PROJECT,
            env={**os.environ, **environment, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        done.set()
        watcher.join()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert killed, "the worker was not killed: the build was over before"
    return Builds(
        database, warehouse / "dabing.duckdb", raw, finished.stdout + finished.stderr, killed[0], _versions(cluster)
    )


@pytest.fixture(scope="session")
def manifest(builds) -> dict:
    """dbt's own list of what there is."""
    return json.loads((PROJECT / "target" / "manifest.json").read_text())
