"""What `observe` prints for another program while it runs: the calls' lines, or a record a second."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Protocol

from grpcdemo.kube.log_lines import LogLine
from grpcdemo.model import Observation
from grpcdemo.steps.observe.merge import LineMerger
from grpcdemo.views.document import record_document
from grpcdemo.views.words import printable

RECORD_S = 1.0


class Stream(Protocol):
    """Prints an observation while it goes on."""

    def line(self, client: str, line: LogLine) -> None:
        """A line of *client*'s log was counted."""

    def seen(self, seen: Observation) -> None:
        """This is the state now."""

    def end(self) -> None:
        """The observation is over."""


class Records:
    """A JSON document a second, each on a line of its own; the last one is the result."""

    def __init__(self) -> None:
        self._next = 0.0
        self._untold: Observation | None = None

    def line(self, client: str, line: LogLine) -> None:
        pass

    def seen(self, seen: Observation) -> None:
        self._untold = seen
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + RECORD_S
            self.end()

    def end(self) -> None:

        if self._untold:
            _tell(json.dumps(record_document(self._untold, datetime.now(timezone.utc))))
            self._untold = None


class Lines:
    """The lines themselves, in the order of their times; with several clients, each with its pod's name."""

    def __init__(self) -> None:

        self._merger = LineMerger()
        self._named = False

    def line(self, client: str, line: LogLine) -> None:
        self._merger.add(client, line, time.monotonic())

    def seen(self, seen: Observation) -> None:
        self._named = len(seen.clients) > 1
        self._print(self._merger.due(time.monotonic()))

    def end(self) -> None:
        self._print(self._merger.rest())

    def _print(self, lines: list[tuple[str, LogLine]]) -> None:
        if lines:
            _tell("\n".join((f"[{client}] " if self._named else "") + printable(line.text) for client, line in lines))


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (stdout is where a result belongs)
