"""Publishing: one run at a time, all or nothing, readers undisturbed, and the way back."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, copy_project, run_dabing
from policy_rows import settlement, write_csv

from dabing import publish
from dabing.errors import DabingError
from dabing.publish import BusyError, InputFile, Release, Sources

SOURCES = Sources("input", "code", "seeds")
READER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for _ in sys.stdin:
        with connection.cursor() as cursor:
            print(cursor.execute("select max(release_number) from quality.release").fetchone()[0], flush=True)
"""


def publish_one(warehouse: Path, number: int, run_id: str) -> None:
    """Publish a file such as a run makes, with few tables."""
    release = Release(number, run_id, datetime(2026, 1, number), SOURCES)
    folder = warehouse / f"build-{number}"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / publish.DATABASE)) as connection:
        connection.execute("create schema quality; create schema benefits")
        connection.execute(
            "create table quality.release as select $1 as release_number, $2 as run_id, $3 as released_at,"
            " 'input' as input_hash, 'code' as code_hash, 'seeds' as seed_hash",
            [number, run_id, release.released_at],
        )
        connection.execute("create table quality.quarantine as select '张三' as raw_row")
        connection.execute("create table benefits.int_payable as select 1 as payable")
        connection.execute("create view benefits.payout_trace as select payable as step_no from benefits.int_payable")
        connection.execute(
            "create table benefits.fct_payout as select cast('3010.00' as decimal(18, 2)) as payout_amount;"
            "comment on table benefits.fct_payout is 'What is paid.';"
            "comment on column benefits.fct_payout.payout_amount is 'In yuan.'"
        )
    publish.publish(folder / publish.DATABASE, warehouse, release)
    folder.rmdir()


@pytest.fixture
def warehouse(tmp_path) -> Path:
    """A warehouse with two releases, the second one served; the clock was set back in between."""
    publish_one(tmp_path / "warehouse", 1, "20260102T000000")
    publish_one(tmp_path / "warehouse", 2, "20260101T000000")
    return tmp_path / "warehouse"


def served(warehouse: Path) -> int:
    release = publish.release_of(warehouse / publish.DATABASE)
    assert release is not None
    return release.number


def test_what_is_published_is_one_closed_file_that_nobody_may_write(warehouse):
    path = warehouse / publish.DATABASE
    assert stat.S_IMODE(path.stat().st_mode) & 0o222 == 0
    assert not list(warehouse.rglob("*.wal"))
    assert {found.name for found in warehouse.iterdir()} >= {publish.DATABASE, publish.RELEASES}


def test_releases_count_on_though_the_clock_was_set_back(warehouse):
    assert [(release.number, is_served) for release, _, is_served in publish.releases(warehouse)] == [
        (1, False),
        (2, True),
    ]
    assert publish.next_number(warehouse) == 3


def test_an_earlier_release_is_served_again_and_an_unknown_one_is_named(warehouse):
    publish.go_back(warehouse, 1)
    assert served(warehouse) == 1
    # The numbers go on after the last one, which is still kept.
    assert publish.next_number(warehouse) == 3
    publish.go_back(warehouse, 1)
    assert served(warehouse) == 1
    with pytest.raises(DabingError, match=r"release 7 is not kept\. Kept are: 1, 2"):
        publish.go_back(warehouse, 7)
    assert served(warehouse) == 1


def test_the_last_releases_are_kept_and_the_served_one_always(warehouse, monkeypatch):
    monkeypatch.setattr(publish, "KEPT", 2)
    for number in (3, 4):
        publish_one(warehouse, number, f"2026010{number}T000000")
    assert [release.number for release, *_ in publish.releases(warehouse)] == [3, 4]
    assert served(warehouse) == 4


def test_a_reader_goes_on_with_the_release_that_it_opened(warehouse):
    path = warehouse / publish.DATABASE
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:

        def ask() -> str:
            reader.stdin.write("\n")
            reader.stdin.flush()
            return reader.stdout.readline().strip()

        assert ask() == "2"
        publish_one(warehouse, 3, "20260103T000000")
        assert served(warehouse) == 3
        assert ask() == "2"
        reader.stdin.close()
    assert reader.returncode == 0


def test_only_one_run_at_a_time_and_a_killed_one_holds_nothing(tmp_path):
    holder = "import sys, time; from pathlib import Path; from dabing import publish\n" + (
        "with publish.lock(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(BusyError, match=f"another run is at work here .process {process.pid}, since "),
            publish.lock(tmp_path),
        ):
            pass
        process.kill()
    with publish.lock(tmp_path):
        pass


def test_files_that_change_while_they_are_read_are_named(tmp_path):
    (tmp_path / "setl_d").mkdir()
    (tmp_path / "setl_d" / "a.csv").write_text("x")
    before = publish.input_files(tmp_path)
    publish.check_unchanged(before, publish.input_files(tmp_path))
    (tmp_path / "setl_d" / "a.csv").write_text("xy")
    with pytest.raises(DabingError, match=r"1 raw files came, went or changed while they were read: setl_d/a\.csv\."):
        publish.check_unchanged(before, publish.input_files(tmp_path))


@pytest.mark.parametrize("change", ["input", "code", "seeds", "key"])
def test_a_change_of_any_source_is_seen(tmp_path, change):
    (tmp_path / "models").mkdir()
    (tmp_path / "seeds").mkdir()
    model, seed = tmp_path / "models" / "a.sql", tmp_path / "seeds" / "a.csv"
    model.write_text("select 1")
    seed.write_text("a\n1\n")
    files, key = [InputFile("setl_d/a.csv", 1, 1)], "key"
    before = publish.sources(tmp_path, files, key)
    assert publish.sources(tmp_path, files, key) == before
    if change == "input":
        files = [InputFile("setl_d/a.csv", 1, 2)]
    elif change == "code":
        model.write_text("select 2")
    elif change == "seeds":
        seed.write_text("a\n2\n")
    else:
        key = "other"
    assert publish.sources(tmp_path, files, key) != before


def test_the_public_tables_are_copied_without_rows_that_hold_names(warehouse, tmp_path):
    written = publish.write_parquet(warehouse, tmp_path / "copies")
    assert [path.relative_to(tmp_path / "copies").as_posix() for path in written] == [
        "benefits/fct_payout.parquet",
        "benefits/payout_trace.parquet",
        "quality/release.parquet",
    ]
    assert duckdb.read_parquet(str(written[0])).fetchall() == [(Decimal("3010.00"),)]
    with pytest.raises(DabingError, match="there is no published warehouse to copy from"):
        publish.write_parquet(tmp_path / "nowhere", tmp_path / "copies")


def test_a_killed_run_leaves_the_served_file_and_the_next_one_recovers(tmp_path):
    project = copy_project(tmp_path / "project")
    raw, warehouse = project / "raw", project / "warehouse"
    good = settlement("S-good", "P-good", "330302", "2021-05-01 10:00:00", Decimal("30000.00"))
    write_csv(raw / "setl_d" / "a.csv", [good])
    first = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=project)
    assert first.returncode == 0, first.stdout + first.stderr
    path = warehouse / publish.DATABASE
    before = hashlib.sha256(path.read_bytes()).hexdigest()

    same = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=project)
    assert same.returncode == 0
    assert "Nothing to do: input, code and seeds are those of release 1" in same.stdout

    later = settlement("S-later", "P-good", "330302", "2021-06-01 10:00:00", Decimal("10000.00"))
    write_csv(raw / "setl_d" / "b.csv", [later])
    with subprocess.Popen(
        [sys.executable, "-m", "dabing.cli", "run", "--raw", raw, "--warehouse", warehouse],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as killed:
        deadline = time.monotonic() + 120
        while not any(found.stat().st_size > 500_000 for found in warehouse.glob("build-*/dabing.duckdb*")):
            assert killed.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        second = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=project)
        assert second.returncode == 3
        assert "another run is at work here" in second.stderr
        killed.send_signal(signal.SIGKILL)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before

    recovered = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=project)
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert "Removed what a run left that was killed" in recovered.stdout
    assert not list(warehouse.glob("build-*"))
    with duckdb.connect(str(path), read_only=True) as connection:
        paid = connection.execute("select sum(payout_amount) from benefits.fct_payout").fetchone()
        told = connection.execute("select release_number, input_files, checks > 0 from quality.release").fetchall()
        storage = connection.execute("select tags['storage_version'] from duckdb_databases() where not internal")
        storage = storage.fetchone()
        inputs = connection.execute("select source_file from quality.release_input order by all").fetchall()
    # 30,000 pays 3,010.00; 10,000 more pay 70%.
    assert paid == (Decimal("10010.00"),)
    # Clients from DuckDB 1.1 on read it (tests/bi).
    assert storage[0].startswith("v1.0.0")
    assert told == [(1, 1, True), (2, 2, True)]
    assert inputs == [("setl_d/a.csv",), ("setl_d/b.csv",)]

    back = run_dabing("releases", "--back-to", "1", "--warehouse", warehouse, project=project)
    assert back.returncode == 0, back.stderr
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_readers_see_whole_releases_while_others_are_published(tmp_path):
    """Ten seconds of benchmarks/load.py, whose long form is `make load`."""
    spec = importlib.util.spec_from_file_location("load", PROJECT / "benchmarks" / "load.py")
    load = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load)
    seen = load.measure(tmp_path, readers=6, seconds=10, runs=False)
    assert seen["errors"] == seen["mixes"] == seen["releases_with_two_totals"] == 0, seen
    assert seen["published"] > 10 and seen["releases_seen"] > 5, seen
