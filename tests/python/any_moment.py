"""A run that ends at a line: killed, told to end, or refused by a full disk, at every line from the border to the end.

    python any_moment.py FOLDER kill|interrupt|full [EVERY]

The build itself is played (its file lies ready); lock, history, settling, publishing and clearing up are the real ones.
Each line (or each third, with EVERY 3) ends one run, in a process of its own, and the next run starts on what that one
left. Prints what was seen.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import linecache
import os
import shutil
import signal
import sys
from datetime import datetime
from pathlib import Path

import duckdb
from rich.console import Console

from dabing import checks, duckdb_plugin, publish, report, run
from dabing.errors import DabingError

# The key of the persons is looked up on the way: imported here, each run's process has it.
WATCHED = {run.__file__, publish.__file__, duckdb_plugin.__file__}
HELD = checks.CheckResult("dbt", "fct_payout", "holds", "E3", "critical", True, 0, (), "holds")


def main() -> None:
    """Ends one run at each line, one after the other, and looks at what is served after each."""
    folder, how = Path(sys.argv[1]).resolve(), sys.argv[2]
    every = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    warehouse = folder / "warehouse"
    (folder / "raw" / "setl_d").mkdir(parents=True)
    (folder / "raw" / "setl_d" / "a.csv").write_text("setl_id\nS1\n")
    in_a_child(lambda: make_build(folder / "built.duckdb"))
    lines: list[tuple[str, int]] = []
    for _ in range(3):  # With a release before it, and with one to take away after it.
        assert in_a_child(lambda: one_run(folder, "", None, folder / "lines.json")) == 0
        lines += [line for line in map(tuple, json.loads((folder / "lines.json").read_text())) if line not in lines]
    seen: dict[str, int] = {}
    for line in lines[::every]:
        before = digest(warehouse)
        status = in_a_child(lambda line=line: one_run(folder, how, line, folder / "said.txt"))
        said = (folder / "said.txt").read_text() if (folder / "said.txt").exists() else ""
        (folder / "said.txt").unlink(missing_ok=True)
        where = f"{Path(line[0]).name}:{line[1]}: exit {status}, said {said!r}"
        after = digest(warehouse)
        assert after == before or after in kept_digests(warehouse), f"{where}: what is served is neither old nor new"
        assert status in {0, ENDS[how]}, where
        if how == "full" and status:
            assert "the file system is full" in said, where
        # The line that takes the build away may itself be the one that is hit.
        if how != "kill" and "rmtree" not in linecache.getline(*line):
            assert not list(warehouse.glob("build-*")), f"{where}: its build is left"
        told = f"{'old' if after == before else 'new'} release served, exit {status}"
        seen[told] = seen.get(told, 0) + 1
    before = digest(warehouse)
    assert in_a_child(lambda: one_run(folder, "", None, folder / "lines.json")) == 0
    assert digest(warehouse) != before
    account = {"last-failure.html", "last-failure.json", "dabing.prom"}
    left = (
        {path.name for path in warehouse.iterdir()} - {"releases", "dabing.duckdb", "run.lock", "person_key"} - account
    )
    assert not left, left
    assert len(list((warehouse / publish.RELEASES).iterdir())) == 1
    print(json.dumps({"lines": len(lines[::every]), **seen}))


ENDS = {"kill": -signal.SIGKILL, "interrupt": 130, "full": 1}


def in_a_child(work) -> int:
    """Exit code of what a forked process does; this one never opens a database, so that nothing is shared."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work() or 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def digest(warehouse: Path) -> str:
    """What is served, as a hash of its bytes; nothing may lie beside it that DuckDB would play into it."""
    assert not (warehouse / f"{publish.DATABASE}.wal").exists()
    return hashlib.sha256((warehouse / publish.DATABASE).read_bytes()).hexdigest()


def kept_digests(warehouse: Path) -> set[str]:
    """Hashes of the releases that are kept."""
    found = (warehouse / publish.RELEASES).glob(f"*/{publish.DATABASE}")
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def make_build(path: Path) -> None:
    """A file such as a build leaves, with the tables that a run writes to."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema quality; create schema benefits")
        connection.execute(
            "create table quality.release (release_number bigint, run_id varchar, released_at timestamp,"
            " code_version varchar, code_hash varchar, seed_hash varchar, input_hash varchar, input_files bigint,"
            " input_bytes bigint, checks bigint, warnings bigint, built_years varchar);"
            "create table quality.release_input (source_file varchar, size_bytes bigint, modified_at timestamp);"
            "create table quality.check_result (run_id varchar, checked_at timestamp, suite varchar,"
            " table_name varchar, check_name varchar, rule varchar, severity varchar, success boolean,"
            " failing_rows bigint, examples varchar, message varchar);"
            "create table benefits.fct_payout as select range as settlement_id, 30.10 as payout_amount"
            " from range(50000)"
        )


def one_run(folder: Path, how: str, at: tuple[str, int] | None, note: Path) -> int:
    """`dabing run` with a build that lies ready, ended at a line of its later part; without a line, notes the lines."""
    lines: list[tuple[str, int]] = []
    silent = Console(file=io.StringIO())

    def build(database: Path, *_: object) -> list:
        shutil.copy(folder / "built.duckdb", database)
        sys.settrace(enter)
        # The frames that called this are traced from here on too.
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename in WATCHED:
                frame.f_trace = step
            frame = frame.f_back
        return [HELD]

    def enter(frame, event: str, _: object):
        return step if frame.f_code.co_filename in WATCHED else None

    def step(frame, event: str, _: object):
        line = (frame.f_code.co_filename, frame.f_lineno)
        if event != "line":
            return step
        if at is None and line not in lines:
            lines.append(line)
        elif line == at:
            sys.settrace(None)
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif how == "interrupt":
                os.kill(os.getpid(), signal.SIGINT)
            else:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "warehouse" / "some file"))
        return step

    run._build_and_check = build
    publish.code_version = lambda _: "0"
    publish.KEPT = 1
    report.console = lambda: silent
    report.facts = lambda _: report.Facts({}, [], [], [], [], [])
    publish.sources = lambda *_: publish.Sources("input", "code", f"seeds at {datetime.now()}")
    try:
        run.run(folder / "raw", folder / "warehouse", log="text")
    except DabingError as error:
        note.write_text(" ".join(error.sentences))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        sys.settrace(None)
    if at is None:
        note.write_text(json.dumps(lines))
    return 0


if __name__ == "__main__":
    main()
