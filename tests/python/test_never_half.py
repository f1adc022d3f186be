"""Never a half result: what can befall a run, really done to it, with one warehouse that goes through all of it.

Each test breaks one run and looks at three things: the served file is the same byte for byte, nothing else is left, and
the sentence names the cause and what to do. The last one runs undisturbed and finds everything in order.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT
from policy_rows import settlement, write_csv

from dabing import publish, trouble

ANY_MOMENT = Path(__file__).with_name("any_moment.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT)}
MOUNTED = """
set -e
mount -t tmpfs -o size=1g tmpfs "$1"
echo mounted
exec cat
"""
DYING_THREAD = """
import sys, threading, time
from pathlib import Path
from dabing import run

def die():
    raise MemoryError

def build(*_):
    threading.Thread(target=die).start()
    time.sleep(30)

run._build_and_check = build
run.run(Path(sys.argv[1]) / "raw", Path(sys.argv[1]) / "warehouse", log="text")
"""
READER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for _ in sys.stdin:
        print(connection.execute("select max(release_number) from quality.release").fetchone()[0], flush=True)
"""
# What a run of a far later day has left: the clock has been set back since.
LATER_DAY = datetime(2099, 12, 31, 2, 30)
ACCOUNT = {"last-failure.html", "last-failure.json", "dabing.prom"}


@dataclass
class Machine:
    """A small file system of its own with raw files and a warehouse, where the machine allows one to be mounted."""

    folder: Path
    holder: int | None
    why_not: str = ""

    def inside(self) -> list[str]:
        """What a command begins with so that it sees the file system, which no other process does."""
        return ["nsenter", f"--target={self.holder}", "--mount", f"--wd={PROJECT}"] if self.holder else []

    def path(self, name: str) -> Path:
        """A file of the folder, seen from outside."""
        return Path(f"/proc/{self.holder}/root{self.folder}" if self.holder else self.folder) / name

    def command(self, *arguments: str | Path) -> list[str]:
        return [*self.inside(), sys.executable, "-m", "dabing.cli", *map(str, arguments)]

    def start(self, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command("run", "--raw", self.folder / "raw", "--warehouse", self.folder / "warehouse"),
            cwd=PROJECT,
            env={**ENVIRONMENT, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def resize(self, room: int) -> None:
        """Leave so many bytes free; as much as a run needs where it is 0."""
        if not self.holder:
            pytest.skip(self.why_not)
        found = os.statvfs(self.path(""))
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        size = 1 << 30 if not room else used + room
        remount = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        subprocess.run([*self.inside(), *remount], check=True)

    def digest(self) -> str:
        assert not self.path("warehouse/dabing.duckdb.wal").exists()
        return hashlib.sha256(self.path("warehouse/dabing.duckdb").read_bytes()).hexdigest()

    def build(self, process: subprocess.Popen[str], size: int) -> Path:
        """The folder of the build that a process is at, when its file has a size."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and process.poll() is None:
            for path in self.path("warehouse").glob("build-*/dabing.duckdb*"):
                if path.stat().st_size >= size:
                    return path.parent
            time.sleep(0.02)
        raise AssertionError(f"no build: {process.communicate()}")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A warehouse that serves release 7 of a later day, on a file system of its own where that can be had."""
    folder = tmp_path_factory.mktemp("machine")
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation=private", "sh", "-c", MOUNTED, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if holder.stdout.readline() == "mounted\n":
            found = Machine(folder, holder.pid)
        else:
            found = Machine(folder, None, f"no file system can be mounted here: {holder.communicate()[1].strip()}")
            # CI is root and may: there this must not pass for want of a file system.
            assert not (os.environ.get("CI") and os.geteuid() == 0), found.why_not
        # DuckDB itself would look for the path outside: what it makes is made outside and copied in.
        outside = tmp_path_factory.mktemp("made")
        found.path("raw/setl_d").mkdir(parents=True)
        shutil.copy(settlement_file(outside, "good"), found.path("raw/setl_d"))
        made = outside / "warehouse"
        serve_a_release(made)
        shutil.copytree(made, found.path("warehouse"))
        found.path("warehouse/dabing.duckdb").unlink()
        kept = next(found.path("warehouse/releases").glob("*/dabing.duckdb"))
        found.path("warehouse/dabing.duckdb").hardlink_to(kept)
        yield found
    finally:
        holder.kill()
        holder.wait()


def settlement_file(folder: Path, name: str) -> Path:
    """A settlement as Parquet, which is read in less memory than CSV is."""
    made = folder / f"{name}.csv"
    write_csv(made, [settlement(f"S-{name}", f"P-{name}", "330302", "2021-05-01 10:00:00", Decimal("30000.00"))])
    duckdb.read_csv(str(made), all_varchar=True).write_parquet(str(made.with_suffix(".parquet")))
    return made.with_suffix(".parquet")


def serve_a_release(warehouse: Path) -> None:
    """Release 7, as a run of a later day would have left it."""
    warehouse.mkdir()
    (warehouse / "person_key").write_text("0" * 64)
    build = warehouse / "made" / publish.DATABASE
    build.parent.mkdir()
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "create schema quality;"
            "create table quality.release as select 7::bigint as release_number, '20991231T023000' as run_id,"
            f" timestamp '{LATER_DAY}' as released_at, '0' as code_version, 'c' as code_hash, 's' as seed_hash,"
            " 'i' as input_hash, 1::bigint as input_files, 1::bigint as input_bytes, 1::bigint as checks,"
            " 0::bigint as warnings;"
            "create table quality.check_result as select '20991231T023000' as run_id,"
            f" timestamp '{LATER_DAY}' as checked_at, 'dbt' as suite, 't' as table_name, 'c' as check_name,"
            " 'E3' as rule, 'critical' as severity, true as success, 0::bigint as failing_rows,"
            " null::varchar as examples, 'holds' as message"
        )
    release = publish.Release(7, "20991231T023000", LATER_DAY, publish.Sources("i", "c", "s"))
    publish.publish(build, warehouse, release)
    build.parent.rmdir()


@pytest.fixture
def broken(machine: Machine) -> Iterator[Callable[..., str]]:
    """A function: starts a run, does something to it while it works, sees that it failed; what it said on stderr."""
    before = machine.digest()

    def break_one(befall: Callable[[subprocess.Popen[str]], object] = lambda _: None, **environment: str) -> str:
        process = machine.start(**environment)
        try:
            befall(process)
            _, said = process.communicate(timeout=300)
        finally:
            process.kill()
        assert process.returncode == 1, said
        assert "Traceback" not in said
        return " ".join(said.split())

    yield break_one
    assert machine.digest() == before
    # The account of a run that failed is no half result.
    left = {path.name for path in machine.path("warehouse").iterdir()} - ACCOUNT
    assert left == {"dabing.duckdb", "releases", "run.lock", "person_key"}
    assert [path.name for path in machine.path("warehouse/releases").iterdir()] == ["000007-20991231T023000"]


@pytest.fixture(scope="module")
def reader(machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """A process that has the served file open all the time."""
    command = [*machine.inside(), sys.executable, "-c", READER, str(machine.folder / "warehouse" / "dabing.duckdb")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        yield process
        process.stdin.close()


def ask(reader: subprocess.Popen[str]) -> str:
    """The release that a reader sees."""
    reader.stdin.write("\n")
    reader.stdin.flush()
    return reader.stdout.readline().strip()


def test_a_full_disk_is_named_before_the_build(machine, broken, reader):
    machine.resize(room=4096)
    machine.path("ballast").write_bytes(b"0" * 4096)
    try:
        said = broken()
    finally:
        machine.path("ballast").unlink()
        machine.resize(room=0)
    assert f"Stopped: {machine.folder / 'warehouse'}" in said
    assert "the file system is full or its quota is used up" in said
    assert said.count("Stopped: ") == 1


def test_a_disk_that_fills_while_it_builds_is_named_once(machine, broken, reader):
    machine.resize(room=3 << 20)
    try:
        said = broken()
    finally:
        machine.resize(room=0)
    assert f"Stopped: {machine.folder / 'warehouse'}: the file system is full" in said
    assert "Make room there" in said
    assert said.count("Stopped: ") == 1


def test_too_little_memory_is_named_with_the_settings_that_give_more(broken):
    said = broken(DABING_MEMORY="6MB")
    assert "Stopped: Too little memory: DuckDB may use 6MB for models" in said
    assert "Raise DABING_MEMORY" in said
    assert said.count("Stopped: ") == 1


@pytest.mark.long
def test_memory_that_the_machine_refuses_is_named(machine, broken):
    """A limit of the process in mid-build, well below that of DuckDB: too little for the 305 MB that read a CSV.

    What is refused first depends on the machine, and may be what the C library ends the process for.
    """
    places = machine.path("raw/fixmedins_b/places.csv")
    write_csv(places, [{"fixmedins_code": "H1", "fixmedins_name": "one"}])

    def limit(process: subprocess.Popen[str]) -> None:
        machine.build(process, 0)
        status = Path(f"/proc/{process.pid}/status").read_text()
        room = (int(re.search(r"VmSize:\s+(\d+)", status)[1]) << 10) + (250 << 20)
        resource.prlimit(process.pid, resource.RLIMIT_AS, (room, room))

    try:
        said = broken(limit)
    finally:
        shutil.rmtree(places.parent)
    assert "Stopped: Too little memory: the machine, or a limit on this process (ulimit, a container), gave" in said
    assert "lower DABING_MEMORY" in said
    assert said.count("Stopped: ") == 1


def test_a_thread_that_dies_ends_the_run(tmp_path):
    """As for want of memory: dbt would wait for it for ever, and the lock be held."""
    (tmp_path / "raw" / "setl_d").mkdir(parents=True)
    (tmp_path / "raw" / "setl_d" / "a.csv").write_text("setl_id\nS1\n")
    command = [sys.executable, "-c", DYING_THREAD, str(tmp_path)]
    finished = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 1, finished.stderr
    assert "Stopped: Too little memory: the machine, or a limit on this process" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not list((tmp_path / "warehouse").glob("build-*"))
    failure = json.loads((tmp_path / "warehouse" / "last-failure.json").read_text())
    assert "Too little memory" in failure["sentences"][0]


def test_a_lost_spill_folder_is_named(machine, broken, tmp_path):
    """With more persons than fit into the memory, each delivered twice, it is needed for certain."""
    many = machine.path("raw/psn_info_b/many.parquet")
    many.parent.mkdir()
    persons = duckdb.sql("select concat('P', hash(range // 2)) as psn_no from range(5000000)")
    persons.write_parquet(str(tmp_path / "many.parquet"))
    shutil.copy(tmp_path / "many.parquet", many)

    def lose(process: subprocess.Popen[str]) -> None:
        # Whatever is in its place, DuckDB cannot use it: as after an unmount.
        (machine.build(process, 0) / "spill").write_text("")

    try:
        said = broken(lose, DABING_MEMORY="120MB")
    finally:
        shutil.rmtree(many.parent)
    assert f"{machine.folder / 'warehouse'}/build-" in said
    assert "spill: the folder for what does not fit into memory was lost while the run was at work" in said
    assert said.count("Stopped: ") == 1


def test_raw_files_that_vanish_or_grow_in_mid_run_are_named(machine, broken, tmp_path):
    more = machine.path("raw/setl_d/more.parquet")
    shutil.copy(settlement_file(tmp_path, "more"), more)
    growing = machine.path("raw/psn_info_b/growing.csv")
    growing.parent.mkdir()
    growing.write_text("psn_no\nP-good\n")

    def take_away(process: subprocess.Popen[str]) -> None:
        machine.build(process, 500_000)
        more.unlink()
        with growing.open("a") as file:
            file.write("P-half")

    try:
        said = broken(take_away)
    finally:
        shutil.rmtree(growing.parent)
        more.unlink(missing_ok=True)
    assert (
        "2 raw files came, went or changed while they were read: psn_info_b/growing.csv, setl_d/more.parquet." in said
    )
    assert "run again when the delivery is complete" in said
    assert said.count("Stopped: ") == 1


def test_after_all_that_a_run_publishes_though_the_clock_was_set_back(machine, reader, tmp_path):
    assert ask(reader) == "7"
    process = machine.start()
    told, said = process.communicate(timeout=300)
    assert process.returncode == 0, told + said
    assert (
        "Release 7, which is served, is of 2099-12-31 02:30:00, and it is not so late yet: the clock or the time zone"
        " was set back, or was wrong then. Releases are counted and not dated, so this run goes on; set the clock"
        " right."
    ) in told
    copy = shutil.copy(machine.path("warehouse/dabing.duckdb"), tmp_path)
    with duckdb.connect(str(copy), read_only=True) as connection:
        paid = connection.execute("select sum(payout_amount) from benefits.fct_payout").fetchone()
        numbers = connection.execute("select release_number from quality.release order by all").fetchall()
        today = connection.execute("select max_by(released_at, release_number) from quality.release").fetchone()[0]
    assert paid == (Decimal("3010.00"),)
    assert numbers == [(7,), (8,)]
    assert today < LATER_DAY
    assert sorted(path.name[:6] for path in machine.path("warehouse/releases").iterdir()) == ["000007", "000008"]
    # The process that had the file open all the time was not disturbed.
    assert ask(reader) == "7"
    again = machine.start()
    told, said = again.communicate(timeout=60)
    assert again.returncode == 0, told + said
    assert "Nothing to do: input, code and seeds are those of release 8" in told
    assert "clock" not in told


def test_a_full_disk_leaves_neither_half_of_the_copies_nor_of_the_lists_by_name(machine):
    """Of the release that the test before has published."""

    def export(expected: int) -> str:
        command = machine.command("export", machine.folder / "copies", "--warehouse", machine.folder / "warehouse")
        finished = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert finished.returncode == expected, finished.stderr
        return " ".join(finished.stderr.split())

    def copies() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in machine.path("copies").rglob("*") if path.is_file()}

    export(expected=0)
    earlier = dict.fromkeys(copies(), b"a copy of an earlier release")
    assert len(earlier) > 20
    for path, held in earlier.items():
        path.write_bytes(held)
    machine.resize(room=64 << 10)
    try:
        said = export(expected=1)
        assert copies() == earlier
    finally:
        machine.resize(room=0)
    assert "the file system is full" in said and said.count("Stopped: ") == 1
    export(expected=0)
    assert copies().keys() == earlier.keys() and b"a copy of an earlier release" not in copies().values()

    machine.resize(room=4096)
    try:
        command = machine.command("cases", "--directory", machine.folder / "cases")
        command += ["--warehouse", str(machine.folder / "warehouse")]
        finished = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    finally:
        machine.resize(room=0)
    assert finished.returncode == 1 and "the file system is full" in " ".join(finished.stderr.split()), finished.stderr
    assert [path.name for path in machine.path("").iterdir() if "cases" in path.name] == []


@pytest.mark.parametrize(
    ("how", "every"),
    [
        ("kill", 2),
        ("interrupt", 5),
        ("full", 5),
        pytest.param("kill", 1, marks=pytest.mark.long),
        pytest.param("interrupt", 1, marks=pytest.mark.long),
        pytest.param("full", 1, marks=pytest.mark.long),
    ],
)
def test_a_run_may_end_at_any_line_from_the_border_on(tmp_path, how, every):
    command = [sys.executable, str(ANY_MOMENT), str(tmp_path), how, str(every)]
    finished = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    seen = json.loads(finished.stdout.splitlines()[-1])
    # Lines before and after the rename of the served file.
    assert seen.pop("lines") > 80 // every
    assert any(told.startswith("old release") for told in seen)
    assert any(told.startswith("new release") for told in seen)


@pytest.mark.long
def test_a_run_may_be_killed_at_any_time(machine):
    """Twenty kills at times drawn over the whole run, signals of each kind, then one run that ends by itself."""
    drawn = random.Random(20210501)
    before = machine.digest()
    for kill in range(20):
        process = machine.start()
        number = drawn.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        timer = threading.Timer(drawn.uniform(0.5, 40), process.send_signal, [number])
        timer.start()
        _, said = process.communicate(timeout=300)
        timer.cancel()
        assert process.returncode in {0, -number, 128 + number}, f"{kill}: {said}"
        if process.returncode:
            assert machine.digest() == before
        before = machine.digest()
        # Something new for the next one.
        write_csv(
            machine.path(f"raw/setl_d/kill-{kill}.csv"),
            [settlement(f"S-{kill}", f"P-{kill}", "330302", "2021-05-01 10:00:00", Decimal("30000.00"))],
        )
    process = machine.start()
    told, said = process.communicate(timeout=300)
    assert process.returncode == 0, told + said
    assert machine.digest() != before
    assert not list(machine.path("warehouse").glob("build-*"))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            ["Out of Memory Error: failed to allocate data of size 32.0 KiB (19.0 MiB/19.0 MiB used) Possible"],
            "Too little memory: DuckDB may use 6GB for models (failed to allocate data of size 32.0 KiB (19.0 MiB/19.0",
        ),
        (
            [
                "The check a could not be run on funds.fct_fund_year: (duckdb.Error) Out of Memory Error:"
                " could not allocate block of size 1.0 MiB (2.7 GiB/2.7 GiB used)"
            ],
            "Too little memory: DuckDB may use 3GB for checks (could not allocate block of size 1.0 MiB (2.7 GiB/2.7",
        ),
        (["Out of Memory Error: Allocation failure"], "Too little memory: the machine, or a limit on this process"),
        (["Out of Memory Error: failed to offload data block of size 96.0 KiB"], "{folder}: the file system is full"),
        (
            [
                "TransactionContext Error: Failed to commit: Could not write file"
                ' "{folder}/build-1/dabing.duckdb.wal": No space left on device',
                "Out of Memory Error: failed to allocate data of size 32.0 KiB (1.0 MiB/1.0 MiB used)",
                "FATAL Error: Failed: database has been invalidated because of a previous fatal error",
            ],
            "{folder}: the file system is full",
        ),
    ],
)
def test_the_machine_speaks_in_sentences(tmp_path, monkeypatch, told, sentence):
    monkeypatch.delenv("DABING_MEMORY", raising=False)
    found = trouble.sentences([message.format(folder=tmp_path) for message in told], tmp_path)
    assert len(found) == 1
    assert found[0].startswith(sentence.format(folder=tmp_path))
    assert found[0].endswith("run again.")


def test_what_is_not_the_machines_fault_is_told_as_it_was(tmp_path):
    told = ["test a: 3 rows do not hold", "column 'inscp_amt' of table setl_d is missing"]
    assert trouble.sentences(told, tmp_path) == told
