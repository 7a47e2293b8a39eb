"""What `observe` prints for other programs while it runs: the calls' lines, or a record per second."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Protocol

from grpcdemo.kube.streams.log_lines import LogLine
from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe.merge import LineMerger
from grpcdemo.views.document import record_document
from grpcdemo.views.words import printable

RECORD_S = 1.0


class Stream(Protocol):
    """Prints an observation while it runs."""

    def line(self, client: str, line: LogLine) -> None:
        """Take a line of *client*'s log that was counted."""

    def update(self, observation: Observation) -> None:
        """Take the current state."""

    def end(self) -> None:
        """Print what is left."""


class Records:
    """A JSON document per second and line; the last one is the result."""

    def __init__(self) -> None:
        self._next = 0.0
        self._unprinted: Observation | None = None

    def line(self, client: str, line: LogLine) -> None:
        pass

    def update(self, observation: Observation) -> None:
        self._unprinted = observation
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + RECORD_S
            self.end()

    def end(self) -> None:
        if self._unprinted:
            _print(json.dumps(record_document(self._unprinted, datetime.now(timezone.utc))))
            self._unprinted = None


class Lines:
    """The lines of the calls in order of time; with several clients, each after its pod's name."""

    def __init__(self) -> None:
        self._merger = LineMerger()
        self._named = False

    def line(self, client: str, line: LogLine) -> None:
        self._merger.add(client, line, time.monotonic())

    def update(self, observation: Observation) -> None:
        self._named = len(observation.clients) > 1
        self._print(self._merger.due(time.monotonic()))

    def end(self) -> None:
        self._print(self._merger.rest())

    def _print(self, lines: list[tuple[str, LogLine]]) -> None:
        if lines:
            _print("\n".join((f"[{client}] " if self._named else "") + printable(line.text) for client, line in lines))


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (stdout is where a result belongs)
