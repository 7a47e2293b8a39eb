"""A client's log, read once at the end: each call with the time at which its line was written.

Nothing is read while it is measured, so reading disturbs nothing, and times are those of the node's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grpcdemo.kube.streams.log_lines import SECOND_NS, parse_line
from grpcdemo.verdict import Order
from grpcdemo.workload.call_log import OK, Result, parse_calls
from grpcdemo.workload.cures.connections import Connections, parse_connections


@dataclass(frozen=True, slots=True)
class TimedCall:
    """One call, and when it was over, in seconds since 1970."""

    at: float
    result: Result

    @property
    def answered(self) -> bool:
        return self.result.code == OK and self.result.pod is not None


@dataclass(frozen=True)
class ClientLog:
    """What one client did."""

    client: str
    calls: Sequence[TimedCall]
    connections: Sequence[tuple[float, Connections]]
    missed: int
    """Calls whose lines are missing."""
    ahead_s: float = 0.0
    """How far this machine's clock is ahead of the log's, and how long the last line took to be read."""

    def between(self, begin: float, end: float) -> list[TimedCall]:
        return [call for call in self.calls if begin <= call.at < end]

    @property
    def first_answer(self) -> float | None:
        return next((call.at for call in self.calls if call.answered), None)


def read_client_log(client: str, log: bytes, read_at: float) -> ClientLog:
    """*log* is whole lines with timestamps, *read_at* this machine's time at which it was read."""
    calls: list[TimedCall] = []
    connections: list[tuple[float, Connections]] = []
    missed, last_seq, last_at = 0, 0, read_at
    for raw in log.splitlines(keepends=True):
        line = parse_line(raw.rstrip(b"\r\n"))
        if line is None:
            continue
        last_at = line.time_ns / SECOND_NS
        seqs, results = parse_calls(raw if raw.endswith(b"\n") else raw + b"\n")
        if seqs:
            if seqs[0] > last_seq:
                missed += seqs[0] - last_seq - 1
            last_seq = seqs[0]
            calls.append(TimedCall(last_at, results[0]))
        elif opened := parse_connections(raw):
            connections.append((last_at, opened))
    return ClientLog(client, calls, connections, missed, read_at - last_at)


def order_of(calls: Iterable[TimedCall]) -> Order:
    """How often the calls of one client that were answered came from the same pod as the one before."""
    pods = [call.result.pod for call in calls if call.answered]
    return Order(max(0, len(pods) - 1), sum(left == right for left, right in pairwise(pods)))
