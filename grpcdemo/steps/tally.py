"""Counting who answered: one window of observation, fed line by line."""

from __future__ import annotations

from collections import deque
from statistics import quantiles

from grpcdemo.model import Tally
from grpcdemo.workload.call_log import Call

OK = "OK"
LATENCIES = 10_000
"""Percentiles are over this many of the latest responses."""


class Counter:
    """The present window. `add` tells when a client began anew, which ends the window."""

    def __init__(self) -> None:
        self._last_seq: dict[str, int] = {}
        self.clear()

    def clear(self) -> None:
        """Begin a new window; its time runs from the first call in it."""
        self._by_client: dict[str, dict[str, int]] = {}
        self._errors: dict[str, int] = {}
        self._missed = 0
        self._responses = 0
        self._latencies: deque[float] = deque(maxlen=LATENCIES)
        self._began: float | None = None
        self.ip_of: dict[str, str] = {}

    @property
    def responses(self) -> int:
        return self._responses

    def skip(self, client: str, call: Call) -> None:
        """Take note of a call that is older than the window, so that a gap after it is seen."""
        self._last_seq[client] = call.seq

    def restarted(self, client: str, call: Call) -> bool:
        """Whether *call* comes from another process than the client's call before it."""
        return call.seq <= self._last_seq.get(client, 0)

    def add(self, client: str, call: Call, now: float) -> None:
        """Count *call*, which was read at *now*, in seconds of any clock."""
        self._began = now if self._began is None else self._began
        last = self._last_seq.get(client)
        if last is not None:
            self._missed += call.seq - 1 - (0 if self.restarted(client, call) else last)
        self._last_seq[client] = call.seq
        if call.code != OK or call.pod is None:
            self._errors[call.code] = self._errors.get(call.code, 0) + 1
            return
        self._responses += 1
        answered = self._by_client.setdefault(client, {})
        answered[call.pod] = answered.get(call.pod, 0) + 1
        self._latencies.append(call.latency_ms)
        if call.pod_ip:
            self.ip_of[call.pod] = call.pod_ip

    def tally(self, now: float) -> Tally:
        return Tally(
            responses=self._responses,
            errors=dict(self._errors),
            missed=self._missed,
            by_client={client: dict(answered) for client, answered in self._by_client.items()},
            latency_ms=self._percentiles(),
            seconds=0.0 if self._began is None else now - self._began,
        )

    def _percentiles(self) -> dict[str, float]:
        if len(self._latencies) < 2:
            return {}
        cuts = quantiles(self._latencies, n=100, method="inclusive")
        return {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98]}
