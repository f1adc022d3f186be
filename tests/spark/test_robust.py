"""What must not go wrong in silence on a cluster: settings, keys, contracts, killed drivers. Runs after the parity."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import KEY, dbt
from dialect import CASES, PROJECT, RUNNING_TOTALS, cases_given, running_totals_given

from dabing.cluster import SMALL, Cluster
from dabing.spark import connect, rows

# All of them take minutes; who is in a hurry names some.
UNIT_TESTS = os.environ.get("DABING_TEST_SPARK_UNIT", "test_type:unit")


@pytest.fixture(autouse=True)
def session(builds, environment, monkeypatch):
    """The environment of the cluster, once everything is built."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def _project(target: Path, *copied: str) -> Path:
    """A project of its own, the named parts as copies that a test may change."""
    target.mkdir()
    for name in ("dbt_project.yml", "profiles.yml", "models", "macros", "tests", "analyses", "seeds"):
        if name not in copied:
            (target / name).symlink_to(PROJECT / name)
        elif (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, target / name)
        else:
            shutil.copy(PROJECT / name, target / name)
    return target


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_run_says_the_same_as_on_duckdb(builds):
    for part in ("Built on Spark", "Checked the marts border", "Funds (funds.fct_fund_year)", "Published: "):
        assert part in builds.said


def test_every_case_of_the_dialect_gives_on_spark_what_it_promises(tmp_path):
    assert cases_given(tmp_path, "spark") == {name: gives for name, (_, gives) in CASES.items()}
    assert running_totals_given(tmp_path, "spark") == RUNNING_TOTALS


def test_unit_tests_hold_on_spark(environment, tmp_path):
    said = dbt("test", "--select", UNIT_TESTS, "--target", "spark", "--target-path", tmp_path, environment=environment)
    assert said.returncode == 0, said.stdout[-3000:]
    assert int(re.search(r"PASS=(\d+)", said.stdout).group(1)) > 10


def test_without_ansi_mode_nothing_is_built(tmp_path, environment):
    project = _project(tmp_path / "project", "profiles.yml")
    _change(project / "profiles.yml", '"set:spark.sql.ansi.enabled": "true"', '"set:spark.sql.ansi.enabled": "false"')
    said = dbt("seed", "--select", "policy_document", "--target", "spark", environment=environment, project=project)
    assert said.returncode != 0
    assert "spark.sql.ansi.enabled is false on the thrift server" in said.stdout
    assert "OK loaded" not in said.stdout


def test_a_broken_contract_is_refused_and_readers_keep_what_they_had(tmp_path, environment):
    project = _project(tmp_path / "project", "models")
    _change(project / "models" / "shared" / "dim_date.sql", "100 + extract(month from date_day) as integer)",
            "100 + extract(month from date_day) as bigint)")  # fmt: skip
    before = rows(connect(), "select count(*), max(year_month) from shared.dim_date")
    said = dbt("run", "--select", "dim_date", "--target", "spark", environment=environment, project=project)
    assert said.returncode != 0
    assert "dim_date: the contract is not met. year_month: contract int, query bigint" in " ".join(said.stdout.split())
    assert rows(connect(), "select count(*), max(year_month) from shared.dim_date") == before


def test_a_key_that_comes_twice_is_refused_before_readers_see_it(tmp_path, environment, cluster):
    project = _project(tmp_path / "project", "models")
    _change(project / "models" / "shared" / "dim_date.sql", "from days", "from days\nunion all\nselect "
            "date_day, 2010, 1, 1, 201001 from days where date_day = cast('2010-01-01' as date)")  # fmt: skip
    counted = "select count(*) from shared.dim_date"
    before = rows(connect(), counted)
    run = ("run", "--select", "dim_date", "--target", "spark")
    # More often than versions are kept: the one that readers see is not among the last two any more.
    for _ in range(2):
        said = dbt(*run, environment=environment, project=project)
        assert said.returncode != 0
        assert "key date_day is not unique in 1 rows" in " ".join(said.stdout.split())
        assert rows(connect(), counted) == before
    versions = cluster.work / "warehouse" / "table_version.db"
    assert len(list(versions.glob("shared__dim_date__*"))) == 3
    said = dbt(*run, environment=environment)
    assert said.returncode == 0, said.stdout[-3000:]
    assert rows(connect(), counted) == before
    assert len(list(versions.glob("shared__dim_date__*"))) == 2


def test_the_key_of_the_person_hash_is_nowhere_on_the_cluster(cluster):
    """Rule J3: neither in the catalog nor in a log nor in a table."""
    holding = [
        path
        for path in cluster.work.rglob("*")
        if path.is_file() and "spill" not in path.parts and KEY.encode() in path.read_bytes()
    ]
    assert holding == []
    assert rows(connect(), "select count(*) from shared.dim_person where person_key is null") == [(0,)]


def test_a_build_goes_on_after_its_driver_was_killed(tmp_path, environment, monkeypatch):
    project = _project(tmp_path / "project")
    counted = "select count(*), max(scheme_id) from policy.dim_scheme"
    with Cluster(tmp_path / "cluster", workers=1, settings=SMALL, metastore=True) as cluster:
        environment = {**environment, **cluster.environment}
        for name, value in cluster.environment.items():
            monkeypatch.setenv(name, value)
        build = ["build", "--exclude-resource-type", "test", "unit_test", "--target", "spark"]
        build += ["--select", "+dim_scheme", "dim_date", "path:seeds/reference"]
        built = dbt(*build, environment=environment, project=project)
        assert built.returncode == 0, built.stdout[-3000:]
        before = rows(connect(), counted)
        versions = cluster.work / "warehouse" / "table_version.db"
        had = len(list(versions.glob("*__*")))
        running = subprocess.Popen(
            [Path(sys.executable).with_name("dbt"), *build],
            cwd=project, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while len(list(versions.glob("*__*"))) < had + 1 and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        cluster.kill("thrift-server")
        said, _ = running.communicate(timeout=120)
        assert running.returncode != 0, said
        cluster.start_thrift_server()
        assert rows(connect(), counted) == before
        retried = dbt("retry", "--target", "spark", environment=environment, project=project)
        assert retried.returncode == 0, retried.stdout[-3000:]
        assert rows(connect(), counted) == before
