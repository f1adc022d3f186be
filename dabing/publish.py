"""Publishing: one run at a time, all or nothing, and the way back.

A warehouse folder holds

- ``dabing.duckdb``: what is served; replaced by a rename, never written to
- ``releases/<number>-<run>/dabing.duckdb``: the last few releases; the served one is a hard link to one of them
- ``releases/<number>-<run>/run.html`` and ``run.json``: the account of the run (page.py)
- ``build-*``: a run at work; what a killed run leaves is removed by the next one
- ``failed-*``: what ``--keep-failed`` kept
- ``run.lock``: held while a run is at work, by the operating system, so that no killed run leaves it held
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

import duckdb

from dabing.database import open_database
from dabing.errors import DabingError

DATABASE = "dabing.duckdb"
RELEASES = "releases"
LOCK = "run.lock"
KEPT = int(os.environ.get("DABING_KEEP_RELEASES", "3"))
READ_ONLY = 0o444
# What the numbers come from beside the raw files: a change in any of these makes a run necessary.
CODE = ("dbt_project.yml", "profiles.yml", "models", "macros", "tests/data", "tests/generic", "expectations")
SEEDS = ("seeds",)
PACKAGE = Path(__file__).resolve().parent


class BusyError(DabingError):
    """Another run is at work in this warehouse."""


@dataclass(frozen=True)
class InputFile:
    """A raw file as it was when it was read: path below the raw folder, size in bytes, time of its last change."""

    file: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class Sources:
    """What a release is made from; equal sources give equal numbers."""

    input_hash: str
    code_hash: str
    seed_hash: str

    def differ_in_files_alone(self, other: Sources) -> bool:
        """Whether code, seeds and the key of the persons are the same."""
        return (self.code_hash, self.seed_hash, self.input_hash[:8]) == (
            other.code_hash,
            other.seed_hash,
            other.input_hash[:8],
        )


@dataclass(frozen=True)
class Release:
    """A published build, as its own table ``quality.release`` says."""

    number: int
    run_id: str
    released_at: datetime
    sources: Sources


@contextmanager
def lock(warehouse: Path) -> Iterator[None]:
    """Hold the warehouse for one run; raise BusyError when another one holds it."""
    # For its owner only: who may read it could hold it, and no run would ever start.
    descriptor = os.open(warehouse / LOCK, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "it does not say which"
            raise BusyError(
                f"{warehouse}: another run is at work here ({holder}). Wait for it or end it, then run again."
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {datetime.now():%Y-%m-%d %H:%M:%S}\n")
        file.flush()
        yield


def remove_leftovers(warehouse: Path) -> list[Path]:
    """Remove what killed runs left; only for whoever holds the lock."""
    unfinished = [path for path in (warehouse / RELEASES).glob("*") if path.is_dir() and not any(path.iterdir())]
    left = [
        *warehouse.glob("build-*"),
        *warehouse.glob(f".{DATABASE}.*"),
        *warehouse.glob(".person_key.*"),
        *unfinished,
    ]
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return left


# --- what a release is made from --------------------------------------------------------------


def input_files(raw: Path) -> list[InputFile]:
    """The files of the raw folder, by path."""
    files = []
    for path in sorted(raw.rglob("*")):
        try:
            found = path.stat()
        except FileNotFoundError:
            # It went while the folder was looked at; what is read in its place will say so.
            continue
        if stat.S_ISREG(found.st_mode):
            files.append(InputFile(path.relative_to(raw).as_posix(), found.st_size, found.st_mtime_ns))
    return files


def check_unchanged(before: list[InputFile], after: list[InputFile]) -> None:
    """Raise DabingError when files came, went or changed while a run read them."""
    changed = sorted({found.file for found in set(before) ^ set(after)})
    if changed:
        raise DabingError(
            f"{len(changed)} raw files came, went or changed while they were read: {', '.join(changed[:5])}."
            " Nothing was published; run again when the delivery is complete."
        )


def sources(project: Path, files: list[InputFile], person_key: str) -> Sources:
    """Fingerprints of input, code and seeds; that of the input begins with one of the key of the persons."""
    told = "\n".join(f"{found.file}\t{found.size}\t{found.modified_ns}" for found in files)
    key, read = (hashlib.sha256(part.encode()).hexdigest() for part in (f"key {person_key}", told))
    return Sources(
        input_hash=key[:8] + read[:24],
        # The Python side that runs is this package, wherever the project lies.
        code_hash=_hash_of(project, CODE, (".sql", ".yml", ".md")) + _hash_of(PACKAGE, (".",), (".py",)),
        seed_hash=_hash_of(project, SEEDS, (".csv", ".yml")),
    )


def changed_sources(last: Sources | None, now: Sources) -> list[str]:
    """Which sources made a run necessary, in words."""
    if last is None:
        return []
    words = {"input": "input_hash", "code": "code_hash", "seeds": "seed_hash"}
    return [word for word, name in words.items() if getattr(last, name) != getattr(now, name)]


def code_version(project: Path) -> str:
    """The version of the package, with the commit of the project where it is a git checkout."""
    version = metadata.version("dabing")
    try:
        commit = subprocess.run(
            ["git", "-C", str(project), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
        )
    except OSError:
        return version
    return f"{version}+{commit.stdout.strip()}" if commit.returncode == 0 else version


def _hash_of(project: Path, names: tuple[str, ...], suffixes: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for name in names:
        top = project / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.suffix in suffixes and path.is_file():
                found.update(path.relative_to(project).as_posix().encode() + b"\0")
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:32]


# --- releases -----------------------------------------------------------------------------------


def release_of(database: Path) -> Release | None:
    """The release that a file says it is; None when there is none, or the file is no release."""
    if not database.exists():
        return None
    with open_database(database, read_only=True) as connection:
        try:
            row = connection.execute(
                "select release_number, run_id, released_at, input_hash, code_hash, seed_hash from quality.release"
                " order by release_number desc limit 1"
            ).fetchone()
        except duckdb.CatalogException:
            return None
    return None if row is None else Release(row[0], row[1], row[2], Sources(*row[3:]))


def releases(warehouse: Path) -> list[tuple[Release, Path, bool]]:
    """The kept releases, oldest first: what each is, its file, whether it is the one that is served."""
    served = warehouse / DATABASE
    current = release_of(served)
    found = []
    for path in sorted((warehouse / RELEASES).glob(f"*/{DATABASE}")):
        release = release_of(path)
        if release is not None:
            found.append((release, path, release == current))
    return found


def folder_of(warehouse: Path, release: Release) -> Path:
    """Where a release is kept, with the page of its run."""
    return warehouse / RELEASES / f"{release.number:06d}-{release.run_id}"


def next_number(warehouse: Path) -> int:
    """A number above that of every kept release and of the served one."""
    current = release_of(warehouse / DATABASE)
    numbers = [release.number for release, *_ in releases(warehouse)]
    return max([*numbers, current.number if current else 0]) + 1


def publish(database: Path, warehouse: Path, release: Release) -> Path:
    """Make a finished build the served file; return the file's path.

    Every step leaves the old file or the new one in place, whole: the build is closed and on disk before it gets its
    final name, and the name is given by a rename.
    """
    _settle(database)
    kept = folder_of(warehouse, release) / DATABASE
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(database, kept)
        _serve(kept, warehouse)
    except BaseException:
        # A release that could not be served is none: on a full disk each attempt would leave one.
        if release_of(warehouse / DATABASE) != release:
            shutil.rmtree(kept.parent, ignore_errors=True)
        raise
    for _, path, is_served in releases(warehouse)[:-KEPT]:
        if not is_served:
            shutil.rmtree(path.parent)
    return warehouse / DATABASE


def go_back(warehouse: Path, number: int) -> Release:
    """Serve an earlier release again."""
    kept = releases(warehouse)
    for release, path, _ in kept:
        if release.number == number:
            _serve(path, warehouse)
            return release
    known = ", ".join(str(release.number) for release, *_ in kept) or "none"
    raise DabingError(f"{warehouse}: release {number} is not kept. Kept are: {known} (dabing releases).")


def _settle(database: Path) -> None:
    """Everything in the one file, on disk, and nobody may write to it."""
    with open_database(database) as connection:
        connection.execute("force checkpoint")
    wal = Path(f"{database}.wal")
    if wal.exists():
        raise DabingError(f"{wal}: the build was not closed; nothing was published. Run again.")
    database.chmod(READ_ONLY & ~_umask())
    _sync(database)


def _serve(kept: Path, warehouse: Path) -> None:
    """The served name for a kept file, by a second name for it where the file system has that, else by a copy."""
    served, beside = warehouse / DATABASE, warehouse / f".{DATABASE}.new"
    beside.unlink(missing_ok=True)
    if served.exists() and served.samefile(kept):
        return
    try:
        os.link(kept, beside)
    except OSError:
        shutil.copy2(kept, beside)
        _sync(beside)
    os.replace(beside, served)
    _sync(warehouse)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# --- copies -------------------------------------------------------------------------------------


def write_parquet(warehouse: Path, target: Path) -> list[Path]:
    """Write the public tables of the served file as ``target/<schema>/<table>.parquet``; return the files.

    Values as delivered, names among them, stay out (``quality.quarantine`` and ``correction``, rule J3). The files get
    their names when all are written: what keeps one from it leaves the copies of an earlier release as they were.
    """
    served = warehouse / DATABASE
    if release_of(served) is None:
        raise DabingError(f"{served}: there is no published warehouse to copy from. Run `dabing run` first.")
    written: dict[Path, Path] = {}
    try:
        with open_database(served, read_only=True) as connection:
            for schema, table in connection.execute(PUBLIC_TABLES).fetchall():
                path = target / schema / f"{table}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                written[path] = path.with_name(f".{path.name}.new")
                # Not connection.table(): that finds no views.
                rows = connection.sql(f"select * from {quoted(schema)}.{quoted(table)}")
                rows.write_parquet(str(written[path]), compression="zstd")
        for path, beside in written.items():
            os.replace(beside, path)
    finally:
        for beside in written.values():
            beside.unlink(missing_ok=True)
    return list(written)


def quoted(name: str) -> str:
    """The name of a schema or table as SQL."""
    return '"' + name.replace('"', '""') + '"'


PUBLIC_TABLES = """
    select table_schema, table_name from information_schema.tables
    where
        table_schema in ('benefits', 'funds', 'oversight', 'policy', 'quality', 'shared')
        and not regexp_matches(table_name, '^(int|base|stg|reject)_')
        and table_name not in ('quarantine', 'correction')
    order by all
"""
