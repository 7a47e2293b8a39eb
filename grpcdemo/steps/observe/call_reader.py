"""Turn one client's log into batches of calls.

Each client process numbers its calls from 1. So a number that does not grow means a new process, and a gap means
lost lines. Within a process, numbers only grow from batch to batch: no call is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from grpcdemo.kube.streams.log_lines import SECOND_NS, LogLine, parse_line
from grpcdemo.kube.streams.log_position import last_time_ns
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.log_clock import LogClock
from grpcdemo.workload.call_log import Calls, parse_calls


@dataclass(frozen=True)
class Past:
    """How far back an observation goes, and what its clock shows for a timestamp in a log."""

    since_ns: int
    """Nanoseconds since 1970."""
    epoch: float
    """The event loop's time in 1970."""

    def at(self, line: LogLine, now: float) -> float:
        """When *line* was written, by the event loop's clock; not after *now*."""
        return min(now, self.epoch + line.time_ns / SECOND_NS)


class CallReader:
    """Reads the log of one client, piece by piece.

    The log of a client that is not new holds calls from before the observation: those before `past.since_ns`, or
    without *past*, if the log is read from its last line on, that one. They are not counted.

    Calls that are read after a pause are counted at the time when they were made.
    """

    def __init__(self, client: str, *, is_new: bool, past: Past | None = None, by_line: bool = False) -> None:
        self._client = client
        self._past = past
        self._by_line = by_line or past is not None
        self._skips_old = not is_new
        self._clock = LogClock()
        self._last_seq: int | None = None
        self._last_at: float | None = None
        self.has_calls = False
        """Whether any line told of a call."""

    def read(self, piece: bytes, now: float) -> Iterator[Batch]:
        """The calls in *piece*, whole lines with timestamps, read at *now*. If *by_line*, one in each batch."""
        is_late = self._clock.is_late(last_time_ns(piece) or 0, now)
        by_line = self._by_line or is_late
        for part in piece.splitlines(keepends=True) if by_line else [piece]:
            line = parse_line(part.rstrip(b"\r\n")) if by_line else None
            calls = parse_calls(part)
            self.has_calls = self.has_calls or bool(calls.seqs)
            if self._skips_old:
                calls = self._without_old(calls, line)
            at = self._at(line, now, is_late=is_late) if line else now
            if self._last_at is None and self.has_calls:
                self._last_at = at  # of a call that is not counted
            for row in _rows(calls):
                yield self._batch(row, at, line)

    def _at(self, line: LogLine, now: float, *, is_late: bool) -> float:
        if self._past:
            return self._past.at(line, now)
        return self._clock.at(line, now) if is_late else now

    def _without_old(self, calls: Calls, line: LogLine | None) -> Calls:
        if not calls.seqs:
            return calls
        if self._past:
            # `sinceSeconds` counts in whole seconds, so the log may begin with older lines.
            old = int(line is not None and line.time_ns < self._past.since_ns)
            self._skips_old = bool(old)
        else:
            old = int(calls.seqs[0] > 1)  # a first call was hardly made before
            self._skips_old = False
        if old:
            self._last_seq = calls.seqs[0]
        return Calls(calls.seqs[old:], calls.results[old:])

    def _batch(self, row: Calls, at: float, line: LogLine | None) -> Batch:
        first, last_seq = row.seqs[0], self._last_seq
        restarted = last_seq is not None and first <= last_seq
        missed = 0 if last_seq is None else first - 1 - (0 if restarted else last_seq)
        previous_at = self._last_at
        self._last_seq, self._last_at = row.seqs[-1], at
        return Batch(self._client, row.results, at, missed, restarted, line, previous_at)


def _rows(calls: Calls) -> list[Calls]:
    """*calls*, cut wherever a number does not follow the one before."""
    seqs, results = calls
    if seqs and seqs == list(range(seqs[0], seqs[0] + len(seqs))):
        return [calls]
    starts = [index for index, (left, right) in enumerate(pairwise(seqs), 1) if right != left + 1]
    bounds = pairwise([0, *starts, len(seqs)])
    return [Calls(seqs[start:end], results[start:end]) for start, end in bounds if start < end]
