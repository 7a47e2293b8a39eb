"""Turn one client's log into batches of calls.

Each client process numbers its calls from 1. So a number that does not grow means a new process, and a gap means
lost lines. Within a process, numbers only grow from batch to batch: no call is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from grpcdemo.kube.log_lines import SECOND_NS, LogLine, parse_line
from grpcdemo.steps.observe.batch import Batch
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
    """

    def __init__(self, client: str, *, is_new: bool, past: Past | None = None, by_line: bool = False) -> None:
        self._client = client
        self._past = past
        self._by_line = by_line or past is not None
        self._skips_old = not is_new
        self._last_seq: int | None = None

    def read(self, piece: bytes, now: float) -> Iterator[Batch]:
        """The calls in *piece*, whole lines with timestamps, read at *now*. If *by_line*, one in each batch."""
        for part in piece.splitlines(keepends=True) if self._by_line else [piece]:
            line = parse_line(part.rstrip(b"\r\n")) if self._by_line else None
            calls = parse_calls(part)
            if self._skips_old:
                calls = self._without_old(calls, line)
            at = self._past.at(line, now) if self._past and line else now
            for row in _rows(calls):
                yield self._batch(row, at, line)

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
        self._last_seq = row.seqs[-1]
        return Batch(self._client, row.results, at, missed, restarted, line)


def _rows(calls: Calls) -> list[Calls]:
    """*calls*, cut wherever a number does not follow the one before."""
    seqs, results = calls
    if seqs and seqs == list(range(seqs[0], seqs[0] + len(seqs))):
        return [calls]
    starts = [index for index, (left, right) in enumerate(pairwise(seqs), 1) if right != left + 1]
    bounds = pairwise([0, *starts, len(seqs)])
    return [Calls(seqs[start:end], results[start:end]) for start, end in bounds if start < end]
