"""What is installed is what was pinned: by hash, from no named host, not withdrawn, and nothing is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from conftest import PROJECT

FILES = sorted(PROJECT.glob("requirements*.txt"))
PINNED = re.compile(r"^([A-Za-z0-9][\w.\-]*)(?:\[[\w,\-]+\])?==([^\s;\\]+)(?: ;[^\\]*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
# Left out on purpose: its build downloads, and only dbt's --use-v2-parser needs it.
LEFT_OUT = {"dbt-core-experimental-parser"}


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash_and_names_no_host(path):
    found = lines(path)
    assert found
    assert [line for line in found if not PINNED.match(line) and not HASH.match(line)] == []
    for line, following in zip(found, [*found[1:], ""], strict=True):
        assert HASH.match(line) or HASH.match(following), f"{line}: no hash"
    assert "://" not in path.read_text()


def test_what_is_installed_is_what_is_pinned():
    pinned = dict(found.groups() for line in lines(PROJECT / "requirements.txt") if (found := PINNED.match(line)))
    assert len(pinned) > 50
    installed = {name: version(name) for name in pinned}
    # A line with a condition may be for another machine.
    assert {name: found for name, found in installed.items() if found not in (None, pinned[name])} == {}
    assert len([name for name, found in installed.items() if found]) > 50


def version(name: str) -> str | None:
    """The installed version; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def test_nothing_that_is_installed_misses_what_it_needs():
    command = [sys.executable, "-m", "pip", "check"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    troubles = [line for line in found.splitlines() if line != "No broken requirements found."]
    missing = {
        match[1] if (match := re.search(r"requires ([\w.\-]+), which is not", line)) else line for line in troubles
    }
    assert missing <= LEFT_OUT, found


def test_nothing_that_was_installed_had_been_withdrawn():
    """The log that pip wrote as `make` installed: it warns of each release that its author has yanked."""
    log = Path(sys.prefix) / "install.log"
    if not log.exists():
        pytest.skip("this environment was not made by make: pip wrote no log")
    told = log.read_text()
    assert "Successfully installed" in told
    assert [line for line in told.splitlines() if "is a yanked version" in line] == []
