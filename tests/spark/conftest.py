"""Fixtures of the second engine: a cluster of this machine, and the same input built on both engines.

`make test-spark` builds as a user does, with `dabing run --engine spark`. `make test-parity` builds the
tables alone: the data tests of a build are as many statements again, and say nothing about equality.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import populations
from awkward import write_awkward_files
from dialect import PROJECT

from dabing import run, spark
from dabing.cluster import SMALL, Cluster
from dabing.sample import write_sample

PERSONS = int(os.environ.get("DABING_TEST_SPARK_PERSONS", "1000"))
TABLES_ONLY = os.environ.get("DABING_TEST_SPARK_TABLES_ONLY", "0") == "1"
TABLES = ("build", "--exclude-resource-type", "unit_test", "test")
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
    manifest: dict
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


@contextmanager
def _worker_killed_in_the_middle(cluster: Cluster) -> Iterator[list[int]]:
    """Kills a worker while the block runs; how many versions of tables there were then."""
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
    try:
        yield killed
    finally:
        done.set()
        watcher.join()
    assert killed, "the worker was not killed: the build was over before"


def _run(raw: Path, warehouse: Path, environment: dict[str, str]) -> tuple[str, dict]:
    """`dabing run --engine spark`: what it said, and dbt's list of what there is."""
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "dabing.cli",
            "run",
            "--engine",
            "spark",
            "--log",
            "text",
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
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr, spark.manifest_of(PROJECT)


def _tables(warehouse: Path, environment: dict[str, str]) -> tuple[str, dict]:
    """The tables of that run and no tests, served in the same way."""
    warehouse.mkdir()
    target = warehouse / "target"
    built = dbt(*TABLES, "--target", "spark", "--target-path", target, environment=environment)
    assert built.returncode == 0, built.stdout[-4000:]
    manifest = json.loads((target / "manifest.json").read_text())
    database = warehouse / "dabing.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("DABING_DATABASE", str(database))
        patch.setenv("DABING_SPILL", str(warehouse / "spill"))
        spark.serve(database, manifest)
        run.serve_sql(manifest, database, PROJECT)
    return built.stdout, manifest


@pytest.fixture(scope="session")
def builds(cluster, environment, raw, tmp_path_factory) -> Builds:
    """Built on the cluster and served, one worker killed in the middle of it, beside a plain `dbt build` on DuckDB."""
    work = tmp_path_factory.mktemp("builds")
    database, warehouse = work / "dabing.duckdb", work / "warehouse"
    here = {**environment, "DABING_DATABASE": str(database), "DABING_SPILL": str(work / "spill")}
    with ThreadPoolExecutor() as beside:
        duckdb_build = beside.submit(dbt, *TABLES, "--target-path", work / "target", environment=here)
        with _worker_killed_in_the_middle(cluster) as killed:
            said, manifest = _tables(warehouse, environment) if TABLES_ONLY else _run(raw, warehouse, environment)
        built = duckdb_build.result()
    assert built.returncode == 0, built.stdout[-4000:]
    return Builds(database, warehouse / "dabing.duckdb", raw, said, manifest, killed[0], _versions(cluster))


@pytest.fixture(scope="session")
def manifest(builds) -> dict:
    """dbt's own list of what there is."""
    return builds.manifest
