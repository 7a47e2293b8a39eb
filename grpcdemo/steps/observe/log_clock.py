"""When a line was written, in the event loop's time.

Lines are usually read as they are written. After a pause they may be older: then their timestamps tell when they were
written. The clock of a node differs from ours and may be set, so compare it with ours as long as lines are not late.
"""

from __future__ import annotations

from grpcdemo.kube.streams.log_lines import SECOND_NS, LogLine

LATE_S = 1.0
"""After a longer pause, lines may be late."""


class LogClock:
    """Takes the pieces of one log in their order. Times are seconds of the event loop's clock."""

    def __init__(self) -> None:
        self._epoch = 0.0
        """The event loop's time in 1970."""
        self._read_at: float | None = None
        self._last_ns = 0
        self._pause_began: float | None = None
        """The end of what was read before the pause; None once all late lines were read."""

    def is_late(self, last_ns: int, now: float) -> bool:
        """Whether lines of a piece that is read at *now* are late. Its last line has the timestamp *last_ns*."""
        if self._read_at is not None and now - self._read_at > LATE_S:
            self._pause_began = self._read_at
        if last_ns < self._last_ns:  # the clock was set back
            self._pause_began = None
        self._read_at, self._last_ns = now, last_ns
        if self._pause_began is None:
            self._epoch = now - last_ns / SECOND_NS
            return False
        return True

    def at(self, line: LogLine, now: float) -> float:
        """When a late *line* was written. The first one that is not late ends the lateness."""
        at = self._epoch + line.time_ns / SECOND_NS
        if self._pause_began is None or at > now - LATE_S:
            self._pause_began = None
            return now if at > now else at
        return max(at, self._pause_began)
