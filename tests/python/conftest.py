"""Fixtures: the sample, its build, and builds of other input or other seeds."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dabing.sample import write_sample

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE_PERSONS = int(os.environ.get("DABING_TEST_PERSONS", "20000"))
# Where a run builds, in its project: a copy of what dbt parsed holds in every project whose database is there.
DATABASE = Path("warehouse", "build-next", "dabing.duckdb")
PARSED = PROJECT / "target" / "parsed_by_tests.msgpack"


def pytest_sessionstart(session: pytest.Session) -> None:
    """What an earlier session kept names folders of its own, which pytest removes."""
    if not hasattr(session.config, "workerinput"):
        PARSED.unlink(missing_ok=True)


@dataclass(frozen=True)
class Build:
    """A finished build with what it was made from."""

    database: Path
    raw: Path
    seeds: Path

    @property
    def project(self) -> Path:
        """The project that it was built in: its `target` has the compiled SQL."""
        return self.database.parents[1]


def copy_project(target: Path, seeds: Path | None = None) -> Path:
    """A project of its own in ``target``, with other seeds if given; everything else is the project's."""
    target.mkdir(parents=True)
    for name in ("dbt_project.yml", "profiles.yml", "models", "macros", "tests", "analyses", "dabing", "expectations"):
        (target / name).symlink_to(PROJECT / name)
    shutil.copytree(seeds or PROJECT / "seeds", target / "seeds")
    if PARSED.exists():
        # dbt looks itself at what has changed since.
        (target / "target").mkdir()
        shutil.copy(PARSED, target / "target" / "partial_parse.msgpack")
    return target


def run_dabing(
    *arguments: str | Path, project: Path = PROJECT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, from the project's folder."""
    return subprocess.run(
        [sys.executable, "-m", "dabing.cli", *map(str, arguments)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Whether the block is to fill the folder: only the first worker does, the others wait for it."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        yield not done.exists()
        done.touch()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of all workers."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def sample_raw(shared: Path) -> Path:
    """The sample's raw folder."""
    raw = shared / "sample"
    with made_once(raw) as is_first:
        if is_first:
            write_sample(raw, persons=SAMPLE_PERSONS, seed=1, progress=False)
    return raw


@pytest.fixture(scope="session")
def sample_build(sample_raw: Path, shared: Path) -> Build:
    """The sample, built and published by the command itself."""
    project = shared / "sample_project"
    with made_once(project) as is_first:
        if is_first:
            copy_project(project)
            finished = run_dabing("run", "--raw", sample_raw, "--warehouse", project / "warehouse", project=project)
            assert finished.returncode == 0, finished.stdout + finished.stderr
            os.replace(shutil.copy(project / "target" / "partial_parse.msgpack", f"{PARSED}.new"), PARSED)
    return Build(project / "warehouse" / "dabing.duckdb", sample_raw, PROJECT / "seeds")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Path | None], Path]:
    """A function: raw folder and seeds folder in, path of the published database out."""

    def build_one(raw: Path, seeds: Path | None = None) -> Path:
        project = copy_project(tmp_path_factory.mktemp("project") / "project", seeds)
        finished = run_dabing("run", "--raw", raw, "--warehouse", project / "warehouse", project=project)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return project / "warehouse" / "dabing.duckdb"

    return build_one
