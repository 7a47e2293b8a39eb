"""Merge the lines of several logs in the order of their timestamps.

Each log is in order, but one may arrive later than another. So hold each line back for a moment, in which an earlier
line of another log can still go before it.
"""

from __future__ import annotations

import heapq
from collections import deque

from grpcdemo.kube.streams.log_lines import LogLine

HOLD_S = 0.5


class LineMerger:
    """Takes lines with the names of their client pods. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._held: list[tuple[int, int, str, LogLine]] = []
        self._arrived: deque[tuple[float, int]] = deque()
        self._count = 0

    def add(self, client: str, line: LogLine, now: float) -> None:
        """Hold *line*, which arrived at *now*."""
        self._count += 1
        heapq.heappush(self._held, (line.time_ns, self._count, client, line))
        self._arrived.append((now, line.time_ns))

    def due(self, now: float) -> list[tuple[str, LogLine]]:
        """Release the lines that were held for HOLD_S, and those with earlier timestamps."""
        latest = None
        while self._arrived and now - self._arrived[0][0] >= HOLD_S:
            time_ns = self._arrived.popleft()[1]
            latest = time_ns if latest is None else max(latest, time_ns)
        lines = []
        while latest is not None and self._held and self._held[0][0] <= latest:
            _, _, client, line = heapq.heappop(self._held)
            lines.append((client, line))
        return lines

    def rest(self) -> list[tuple[str, LogLine]]:
        """The lines that are still held, at the end."""
        return [(client, line) for _, _, client, line in sorted(self._held, key=lambda held: held[:2])]
