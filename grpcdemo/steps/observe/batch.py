"""What a source of calls yields and a window counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.kube.streams.log_lines import LogLine
from grpcdemo.workload.call_log import Result


@dataclass(frozen=True)
class Batch:
    """Calls that one client process made, one right after the other. A source yields each call in one batch only."""

    client: str
    """The name of the client's pod."""
    results: Sequence[Result]
    at: float
    """When they were made, in seconds of the event loop's clock."""
    missed: int = 0
    """How many calls right before them were made but could not be read."""
    restarted: bool = False
    """The process is another one than that of the client's previous batch, so its connections are new."""
    line: LogLine | None = None
    """The log line of the only call in it, if lines were asked for."""
    previous_at: float | None = None
    """When the call before those that were missed was made."""
