"""What is wrong with the machine, in a sentence: a full disk, too little memory, a spill folder that is gone.

DuckDB, dbt and the operating system say it each in their own way, and often once for every model that was hit.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dabing.errors import DabingError

FULL = re.compile(r"no space left on device|disk quota exceeded|failed to offload data block", re.IGNORECASE)
SPILL = re.compile(r'"(?P<path>[^"]*/spill(?:/[^"]*)?)"')
MEMORY = re.compile(
    r"out of memory error|cannot allocate memory|could not allocate|bad_alloc|memoryerror|can't start new thread",
    re.IGNORECASE,
)
# DuckDB tells its own limit; what it does not tell is that of the machine or of the process.
LIMIT = re.compile(r"\([^()]*\bused\)")
CHECKING = re.compile(r"^The check |cannot be opened for its checks")
NAMED_FILE = re.compile(r"""["'](/[^"']+)["']""")
NEEDED = re.compile(r"(?:failed to|could not) [a-z ]+ of size [\d.]+ \w+ \([^)]*\)")


@contextmanager
def in_sentences(folder: Path) -> Iterator[None]:
    """Raise what the machine refuses as a DabingError; ``folder`` is what is named where an error names nothing."""
    try:
        yield
    except DabingError as error:
        found = sentences(error.sentences, folder)
        if found == list(error.sentences):
            raise
        raise DabingError(*found) from error
    except MemoryError as error:
        raise DabingError(*sentences(["MemoryError"], folder)) from error
    except (OSError, duckdb.Error) as error:
        raise DabingError(*sentences([_told(error)], folder)) from error


def sentences(told: Iterable[str], folder: Path) -> list[str]:
    """What was told, or, where the machine is the cause, one sentence that says so and nothing else."""
    told = list(told)
    troubles: dict[str, str] = {}
    for message in told:
        kind, sentence = _trouble(message, folder)
        if kind:
            troubles.setdefault(kind, sentence)
    # What cannot spill also looks like too little memory.
    return next(([troubles[kind]] for kind in ("full", "spill", "memory") if kind in troubles), told)


def _trouble(message: str, folder: Path) -> tuple[str, str]:
    if FULL.search(message):
        return "full", _full(message, folder)
    if (spill := SPILL.search(message)) and "Error" in message:
        return "spill", (
            f"{spill['path']}: the folder for what does not fit into memory was lost while the run was at work. See to"
            f" it that nothing else removes files below {folder}, and that its file system stays mounted; then run"
            " again."
        )
    if MEMORY.search(message) and not LIMIT.search(message):
        return "memory", (
            "Too little memory: the machine, or a limit on this process (ulimit, a container), gave no more. Give it"
            " more, or lower DABING_MEMORY, DABING_CHECK_MEMORY, DABING_THREADS and DABING_DBT_THREADS; then run again."
        )
    if MEMORY.search(message):
        needed = NEEDED.search(message)
        # The checks at the borders have a limit of their own.
        checking = CHECKING.search(message) is not None
        setting, usual = ("DABING_CHECK_MEMORY", "3GB") if checking else ("DABING_MEMORY", "6GB")
        used_by = "checks" if checking else "models"
        so_much = f" ({needed[0]})" if needed else ""
        limit = os.environ.get(setting, usual)
        return "memory", (
            f"Too little memory: DuckDB may use {limit} for {used_by}{so_much}. Raise {setting},"
            " lower DABING_THREADS and DABING_DBT_THREADS, or give the machine more; then run again."
        )
    return "", message


def _full(message: str, folder: Path) -> str:
    named = NAMED_FILE.search(message)
    place = Path(named[1]).parent if named else folder
    # What was being written is gone with the build by now.
    while not place.exists():
        place = place.parent
    room = shutil.disk_usage(place)
    return (
        f"{place}: the file system is full or its quota is used up ({room.total / 1e6:,.0f} MB in all). Make room"
        " there, for a build needs several times the size of the file that is served, then run again."
    )


def _told(error: OSError | duckdb.Error) -> str:
    if isinstance(error, OSError):
        if error.errno == errno.ENOMEM:
            return "Cannot allocate memory"
        where = f"'{error.filename}': " if error.filename else ""
        return f"{where}{error.strerror or error}. Put it right, then run again."
    return " ".join(str(error).splitlines()[:1])
