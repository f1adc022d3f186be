"""What a run tells while it works: on a terminal its phases and the time left, otherwise one JSON line an event.

The journal also remembers what happened, for the page of the run (page.py) and its metrics (metrics.py).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from dabing import report
from dabing.errors import visible

LOGS = ("auto", "text", "json")
# A first phase that was quick or slow by chance says little about the rest.
PACE = (0.2, 5.0)


@dataclass
class Phase:
    """A part of a run, with the seconds that it took; ``note`` is what there is to say of it."""

    name: str
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    finished: bool = False
    note: str = ""


@dataclass(frozen=True)
class Node:
    """A seed, model or test that dbt is done with."""

    phase: str
    kind: str
    name: str
    status: str
    seconds: float


class Journal:
    """One run as it goes."""

    def __init__(self, log: str = "auto") -> None:
        self.is_json = log == "json" or (log == "auto" and not sys.stdout.isatty())
        self.console: Console = report.console()
        self.started_at = datetime.now().astimezone()
        self.phases: list[Phase] = []
        self.nodes: list[Node] = []
        self.checks: list[dict[str, Any]] = []
        # The account of the last release, as page.py wrote it: what the time left is reckoned from.
        self.last: Mapping[str, Any] = {}
        self._begun = time.monotonic()
        self._steps = self._done = 0
        # A signal may come while the line of another event is written.
        self._lock = threading.RLock()
        self._progress: Progress | None = None
        self._task = TaskID(0)

    @property
    def seconds(self) -> float:
        """How long the run has gone on."""
        return time.monotonic() - self._begun

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the progress on a terminal for the time of the block."""
        if self.is_json or not self.console.is_terminal:
            yield
            return
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[steps]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            transient=True,
            get_time=time.monotonic,
        )
        self._task = self._progress.add_task("starting", total=None, steps="", left="")
        with self._progress:
            yield

    def close(self) -> None:
        """Give the terminal back."""
        if self._progress is not None:
            self._progress.stop()

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """Say that something happened."""
        with self._lock:
            if self.is_json:
                told = {"at": datetime.now().astimezone().isoformat(timespec="milliseconds"), "event": event}
                message = {"message": text.strip()} if text else {}
                line = json.dumps({**told, **message, **facts}, ensure_ascii=False, default=str)
                sys.stdout.write(visible(line, longest=None) + "\n")
                sys.stdout.flush()
            elif text:
                self.console.print(Text(visible(text)))

    @contextmanager
    def phase(self, name: str, done: str) -> Iterator[Phase]:
        """A phase of the run; ``done`` is said at its end."""
        phase = Phase(name)
        with self._lock:
            self.phases.append(phase)
            self._steps = self._done = 0
            self._show()
        if self.is_json:
            self.tell("phase_started", "", phase=name, seconds_left=self.seconds_left())
        try:
            yield phase
            phase.finished = True
        finally:
            phase.seconds = time.monotonic() - phase.begun
        note = f": {phase.note}" if phase.note else ""
        text = f"{done}{note} ({phase.seconds:.0f} s)"
        self.tell("phase_finished", text, phase=name, seconds=round(phase.seconds, 1))

    def on_dbt_event(self, event: Any) -> None:
        """Called by dbt for whatever it has to say, from any of its threads."""
        if event.info.name == "LogStartLine":
            with self._lock:
                self._steps = event.data.total
                self._show()
        elif event.info.name == "NodeFinished":
            info = event.data.node_info
            phase = self.phases[-1].name if self.phases else ""
            seconds = round(event.data.run_result.execution_time, 3)
            with self._lock:
                self.nodes.append(Node(phase, info.resource_type, info.node_name, info.node_status, seconds))
                self._done += 1
                self._show()
                if self.is_json and info.resource_type != "test":
                    self.tell("built", "", **asdict(self.nodes[-1]), done=self._done, steps=self._steps)

    def checked(self, results: Iterable[Any]) -> None:
        """Remember the results of checks and tell of those that do not hold."""
        from dabing.checks import published

        for result in results:
            found = published(result)
            self.checks.append(found)
            if self.is_json and not result.success:
                facts = {name: value for name, value in found.items() if name != "message"}
                self.tell("check_failed", found["message"], **facts)

    def seconds_left(self) -> int | None:
        """How long the run will go on, as far as can be said."""
        current = self.phases[-1] if self.phases else None
        if current is None:
            return None
        done = {phase.name: phase.seconds for phase in self.phases[:-1]}
        expected = {phase["name"]: phase["seconds"] for phase in self.last.get("phases", ())}
        return seconds_left(expected, done, current.name, time.monotonic() - current.begun, self._share(current.name))

    def _share(self, phase: str) -> float | None:
        """How much of the work of a phase is done, by what its nodes took last time, else by their number."""
        took = {
            (node["kind"], node["name"]): node["seconds"]
            for node in self.last.get("nodes", ())
            if node["phase"] == phase
        }
        if total := sum(took.values()):
            done = {(node.kind, node.name) for node in self.nodes if node.phase == phase}
            return sum(seconds for node, seconds in took.items() if node in done) / total
        return self._done / self._steps if self._steps else None

    def _show(self) -> None:
        if self._progress is None:
            return
        left = self.seconds_left()
        self._progress.update(
            self._task,
            description=self.phases[-1].name,
            total=self._steps or None,
            completed=self._done,
            steps=f"{self._done} of {self._steps}" if self._steps else "",
            left="" if left is None else f"about {left // 60}:{left % 60:02d} left",
        )


def seconds_left(
    expected: Mapping[str, float], done: Mapping[str, float], current: str, spent: float, share: float | None
) -> int | None:
    """Time left from what the phases took last time, at the pace of those that are done now; None where unknown.

    Without a last time only the phase at work can be reckoned, from the share of it that is done.
    """
    known = sum(expected[phase] for phase in done if phase in expected)
    pace = sum(seconds for phase, seconds in done.items() if phase in expected) / known if known > 1 else 1.0
    pace = min(max(pace, PACE[0]), PACE[1])
    if current in expected:
        whole = expected[current] * pace
        here = whole - spent if share is None else whole * (1 - share)
    elif share:
        here = spent * (1 - share) / share
    else:
        return None
    rest = sum(seconds * pace for phase, seconds in expected.items() if phase not in done and phase != current)
    return round(max(here, 0) + rest)
