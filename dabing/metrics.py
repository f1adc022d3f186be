"""Metrics of a run in Prometheus' text format, for the textfile collector of the node exporter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from dabing.report import Facts

FILE = "dabing.prom"
LAST_SUCCESS = "dabing_last_success_timestamp_seconds"
FATES = ("delivered", "accepted", "superseded", "void", "quarantined")


def text(account: Mapping[str, Any], served: Facts | None, last_success: str | None) -> str:
    """The metrics of the run that ``account`` tells of, and of what is served after it.

    Rows and payouts are those of the served file: after a failed run they are still the last good ones.
    """
    ended = f"{account['ended_at'].timestamp():.3f}"
    failed = {severity: 0 for severity in ("critical", "warning")}
    for check in account["checks"]:
        failed[check["severity"]] += not check["success"]
    if not account["checks"] and served and account["outcome"] != "failed":
        failed["warning"] = served.release.get("warnings", 0)
    phases = [({"phase": phase["name"]}, f"{phase['seconds']:.3f}") for phase in account["phases"]]
    success = int(account["outcome"] != "failed")
    parts = [
        _metric("dabing_run_end_timestamp_seconds", "When the last run ended.", [({}, ended)]),
        _metric("dabing_run_success", "Whether the last run published, or found nothing to do.", [({}, success)]),
        _metric("dabing_run_duration_seconds", "How long the last run took.", [({}, f"{account['seconds']:.3f}")]),
        _metric("dabing_run_phase_duration_seconds", "How long each phase of the last run took.", phases),
        _metric(
            "dabing_checks_failed",
            "Checks that did not hold, by severity; after a run with nothing to do those of the served release.",
            [({"severity": severity}, number) for severity, number in failed.items()],
        ),
    ]
    if success:
        last_success = ended
    if last_success:
        told = "When a run last published or found nothing to do."
        parts.append(_metric(LAST_SUCCESS, told, [({}, last_success)]))
    if served and served.release:
        parts += _of_served(served)
    return "".join(parts)


def _of_served(served: Facts) -> list[str]:
    rows = [({"table": row["raw_table"], "fate": fate}, row[fate]) for row in served.rows for fate in FATES]
    years = [({"scheme": row["scheme_id"], "benefit_year": str(row["benefit_year"])}, row) for row in served.funds]
    released = f"{served.release['released_at'].timestamp():.3f}"
    return [
        _metric("dabing_release_number", "Number of the served release.", [({}, served.release["release_number"])]),
        _metric("dabing_release_timestamp_seconds", "When the served release was built.", [({}, released)]),
        _metric("dabing_raw_rows", "Raw rows of the served release by table and what became of them.", rows),
        _metric(
            "dabing_payout_yuan",
            "Payouts of the served release by scheme and benefit year, in yuan.",
            [(labels, row["payout_amount"]) for labels, row in years],
        ),
        _metric(
            "dabing_persons_paid",
            "Persons with a payout by scheme and benefit year; in several counties counted in each.",
            [(labels, row["persons_paid"]) for labels, row in years],
        ),
    ]


def _metric(name: str, told: str, samples: Iterable[tuple[Mapping[str, str], Any]]) -> str:
    lines = [f"# HELP {name} {told}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        listed = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        number = format(value, "f") if isinstance(value, Decimal) else str(value)
        lines.append(f"{name}{'{' + listed + '}' if listed else ''} {number}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def last_success(path: Path) -> str | None:
    """When a run last succeeded, as the file that is there says."""
    try:
        found = re.search(rf"^{LAST_SUCCESS} (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    return found.group(1) if found else None
