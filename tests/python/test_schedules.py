"""The ready files for cron and systemd: systemd and the shell take them, and they call what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import PROJECT

from dabing.cli import EXIT_BUSY, _parser

DEPLOY = PROJECT / "deploy"
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this machine")


def command_of(name: str) -> list[str]:
    """The command that a file calls, without its program."""
    text = (DEPLOY / name).read_text()
    called = re.search(r"\.venv/bin/dabing (run [^>\n]+)", text).group(1)
    return called.split()


@pytest.mark.parametrize("name", ["cron/dabing", "systemd/dabing.service"])
def test_the_command_is_one_that_there_is(name):
    options = _parser().parse_args(command_of(name))
    assert (options.command, options.log) == ("run", "json")
    assert (options.raw, options.warehouse) == (Path("/data/extract"), Path("/data/warehouse"))


def test_the_line_of_cron_is_one_that_the_shell_takes():
    lines = [line for line in (DEPLOY / "cron" / "dabing").read_text().splitlines() if re.match(r"[\d*]", line)]
    assert len(lines) == 1
    *_, user, command = re.match(r"(\S+) (\S+) (\S+) (\S+) (\S+)  (\S+)  (.+)", lines[0]).groups()
    assert user == "dabing"
    # Cron ends a command at a percent sign.
    assert "%" not in command
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0


@pytest.fixture
def units(tmp_path) -> Path:
    """The units with the folders of this machine in place of those of the example."""
    for unit in ("dabing.service", "dabing.timer"):
        text = (DEPLOY / "systemd" / unit).read_text()
        (tmp_path / unit).write_text(
            text.replace("/srv/dabing", str(PROJECT))
            .replace("/data/extract", str(tmp_path))
            .replace("/data/warehouse", str(tmp_path))
        )
    return tmp_path


@needs_systemd
def test_systemd_takes_the_units(units):
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(units.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_little_that_the_service_could_harm(units):
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", units / "dabing.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout
    assert "Overall exposure level" in said.stdout


def test_another_run_at_work_is_no_failure_of_the_service():
    service = (DEPLOY / "systemd" / "dabing.service").read_text()
    assert re.search(r"^SuccessExitStatus=(\d+)$", service, re.MULTILINE).group(1) == str(EXIT_BUSY)
