"""The account of a run: a page for people, the same as JSON for programs, metrics for alerts; also of a failed run.

Nothing in it names a person (rule J3). What comes from raw files is escaped, and the page may run no script.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dabing import metrics, report
from dabing.events import Journal
from dabing.publish import DATABASE, RELEASES

PAGE = "run"
LAST_FAILURE = "last-failure"
SLOWEST = 15
LISTED = 20
READABLE = 0o444


class Account:
    """What is kept of one run, written when it ends, however it ends."""

    def __init__(
        self, journal: Journal, warehouse: Path, metrics_file: Path | None, engine: str, code_version: str
    ) -> None:
        self.journal = journal
        self.warehouse = warehouse
        self.metrics_file = metrics_file or warehouse / metrics.FILE
        self.told: dict[str, Any] = {"engine": engine, "code_version": code_version, "input": {}, "because": []}

    def published(self, summary: report.Summary, folder: Path) -> Path | None:
        """A release is out: its page lies beside it."""
        self.told |= report.as_json(summary) | {
            "release": summary.facts.release,
            "last_release": summary.last,
            "tables": summary.tables,
        }
        return self._write("published", (), folder, PAGE, summary.facts)

    def unchanged(self, served: report.Facts | None) -> None:
        """There was nothing to do: the page of the served release stays as it is."""
        self._write_metrics(self._account("unchanged", ()), served)

    def failed(self, sentences: tuple[str, ...]) -> Path | None:
        """Nothing was published: the page says why, and lies where the next failure replaces it."""
        try:
            served = report.facts(self.warehouse / DATABASE)
        except duckdb.Error:
            served = None
        self.told["last_release"] = served.release if served else None
        return self._write("failed", sentences, self.warehouse, LAST_FAILURE, served)

    def _account(self, outcome: str, sentences: tuple[str, ...]) -> dict[str, Any]:
        ended_at = datetime.now().astimezone()
        phases = [
            {name: value for name, value in asdict(phase).items() if name != "begun"} for phase in self.journal.phases
        ]
        return {
            "outcome": outcome,
            "sentences": list(sentences),
            "started_at": self.journal.started_at,
            "ended_at": ended_at,
            "seconds": self.journal.seconds,
            "phases": phases,
            "nodes": [asdict(node) for node in self.journal.nodes],
            "checks": self.journal.checks,
            **self.told,
        }

    def _write(
        self, outcome: str, sentences: tuple[str, ...], folder: Path, name: str, served: report.Facts | None
    ) -> Path | None:
        account = self._account(outcome, sentences)
        page = folder / f"{name}.html"
        told = json.dumps(account, ensure_ascii=False, default=_jsonable, indent=1)
        try:
            write_aside(folder / f"{name}.json", told)
            write_aside(page, render(account))
        except Exception as error:  # Whatever it is: what was published, or the reason why not, stands.
            self.journal.tell("page_failed", f"{page}: the page of this run cannot be written ({error}).")
            page = None
        self._write_metrics(account, served)
        return page

    def _write_metrics(self, account: dict[str, Any], served: report.Facts | None) -> None:
        path = self.metrics_file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, metrics.text(account, served, metrics.last_success(path)))
        except Exception as error:  # As above.
            self.journal.tell("metrics_failed", f"{path}: the metrics of this run cannot be written ({error}).")


def _jsonable(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def write_aside(path: Path, text: str) -> None:
    """Write a file in one step: who reads it sees the old one or the new one, whole. Nobody may write to it."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def render(account: dict[str, Any]) -> str:
    """The page, one file that needs no other and no network."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"said": lambda row, name: report.said(name, row[name]), "clock": _clock, "when": _when}
    total = sum(phase["seconds"] for phase in account["phases"]) or 1
    suites: Counter[str] = Counter(check["suite"] for check in account["checks"])
    failing = [check for check in account["checks"] if not check["success"]]
    models = sorted((node for node in account["nodes"] if node["kind"] != "test"), key=lambda node: -node["seconds"])
    return environment.get_template("page.html").render(
        account=account,
        total=total,
        suites=sorted(suites.items()),
        failing=sorted(failing, key=lambda check: (check["severity"], check["suite"], check["check"])),
        models=models[:SLOWEST],
        changed={kind: (names[:LISTED], len(names)) for kind, names in account["input"].get("changes", {}).items()},
    )


def _clock(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def last_account(warehouse: Path, engine: str) -> dict[str, Any]:
    """The account of the newest release that this engine built; empty when there is none that can be read."""
    for path in sorted((warehouse / RELEASES).glob(f"*/{PAGE}.json"), reverse=True):
        try:
            account = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if account["engine"] == engine:
            return account
    return {}


def without_values(sentence: str) -> str:
    """A sentence of an engine without the values that it quotes: they come from rows (rule J3)."""
    if not re.search(r"\b(Error|Exception)\b", sentence):
        return sentence
    return re.sub(r"""(?<!\w)'[^']*'|"[^"]*"|\d[\d-]{5,}\w*""", "(a value, see standard error)", sentence)
