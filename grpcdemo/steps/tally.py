"""Counting who answered: one window of observation, fed with pieces of the clients' logs.

Most calls end like many others, so it first counts equal endings, and takes each apart once.
"""

from __future__ import annotations

import collections
from itertools import islice

from ddsketch import DDSketch

from grpcdemo.errors import GrpcdemoError
from grpcdemo.model import LatencyBin, Tally
from grpcdemo.steps.histogram import Histogram
from grpcdemo.workload.call_log import Calls, Ending, parse_ending

PERCENTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
ACCURACY = 0.005
"""A percentile is at most 0.5% beside the true one of all responses in the window, and the sketch that keeps them
(DDSketch: doi:10.14778/3352063.3352135) has one counter for each percent of latency, a few thousand at most."""
ENDINGS = 10_000
"""How many different endings are kept before they are taken apart."""
SERVERS = 10_000
"""No Service has so many pods: a log that names more of them in one window would only fill the memory."""


class Counter:
    """The present window. A client that began anew ends it: see `restarted`."""

    def __init__(self) -> None:
        self._last_seq: dict[str, int] = {}
        self.clear()

    def clear(self) -> None:
        """Begin a new window; its time runs from the first call in it."""
        self._endings: dict[str, collections.Counter[bytes]] = {}
        self._by_client: dict[str, dict[str, int]] = {}
        self._errors: dict[str, int] = {}
        self._missed = 0
        self._responses = 0
        self._latencies = DDSketch(ACCURACY)
        self._histogram = Histogram()
        self._began: float | None = None
        self.ip_of: dict[str, str | None] = {}
        """By the name of each server that answered; None where no answer told it."""

    @property
    def responses(self) -> int:
        self._take_apart()
        return self._responses

    def last_seq(self, client: str) -> int:
        """The number of the client's latest call, 0 where there was none."""
        return self._last_seq.get(client, 0)

    def skip(self, client: str, seq: int) -> None:
        """Take note of a call that is older than the window, so that a gap after it is seen."""
        self._last_seq[client] = seq

    def restarted(self, client: str, calls: Calls) -> bool:
        """Whether *calls* come from another process than the client's call before them."""
        return calls.seqs[0] <= self.last_seq(client)

    def add(self, client: str, calls: Calls, now: float) -> None:
        """Count *calls* of one process of *client*, which were made at *now*, in seconds of any clock."""
        endings = self._endings.setdefault(client, collections.Counter())
        known = len(endings)
        endings.update(calls.endings)
        added = list(islice(reversed(endings), len(endings) - known))
        if wrong := [text for text in added if parse_ending(text) is None]:
            for text in wrong:
                del endings[text]
            calls = calls.checked()
        if not calls.seqs:
            return
        self._began = now if self._began is None else min(now, self._began)
        before = self._last_seq.get(client, calls.seqs[0] - 1)
        self._missed += calls.seqs[-1] - len(calls.seqs) - (0 if self.restarted(client, calls) else before)
        self._last_seq[client] = calls.seqs[-1]
        if len(endings) > ENDINGS:
            self._take_apart()

    def tally(self, now: float) -> Tally:
        self._take_apart()
        return Tally(
            responses=self._responses,
            errors=dict(self._errors),
            missed=self._missed,
            by_client={client: dict(answered) for client, answered in self._by_client.items()},
            latency_ms=self._percentiles(),
            seconds=0.0 if self._began is None else now - self._began,
        )

    def latencies(self) -> tuple[LatencyBin, ...]:
        """How the latencies of the window are distributed."""
        self._take_apart()
        return self._histogram.bins()

    def _take_apart(self) -> None:
        for client, endings in self._endings.items():
            for text, count in endings.items():
                if ending := parse_ending(text):
                    self._count(client, ending, count)
        self._endings.clear()

    def _count(self, client: str, ending: Ending, count: int) -> None:
        if ending.pod is None or not ending.is_response:
            self._errors[ending.code] = self._errors.get(ending.code, 0) + count
            return
        self._responses += count
        self._know(client, ending.pod, ending.pod_ip)
        answered = self._by_client.setdefault(client, {})
        answered[ending.pod] = answered.get(ending.pod, 0) + count
        self._latencies.add(ending.latency_ms, count)
        self._histogram.add(ending.latency_ms, count)

    def _know(self, client: str, server: str, ip: str | None) -> None:
        """Raises GrpcdemoError where there are too many servers to be true."""
        if server not in self.ip_of and len(self.ip_of) >= SERVERS:
            raise GrpcdemoError(
                f"the log of pod {client} names server number {SERVERS + 1:,}: it does not tell of calls to pods",
                hint="watch other clients with --selector, or leave it out for the demo's own",
            )
        self.ip_of[server] = ip or self.ip_of.get(server)

    def _percentiles(self) -> dict[str, float]:
        if self._responses < 2:
            return {}
        return {name: self._latencies.get_quantile_value(share) for name, share in PERCENTILES.items()}
