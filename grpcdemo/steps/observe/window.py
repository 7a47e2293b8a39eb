"""One window of observation: the calls of all clients while the set of pods stays the same.

A new window is a new object, so nothing of the one before can vote in it.
"""

from __future__ import annotations

import collections
from collections.abc import Collection, Sequence
from itertools import islice
from operator import eq

from grpcdemo.errors import GrpcdemoError
from grpcdemo.model.observation import (
    PERCENTILES,
    BlindTime,
    LatencyBin,
    Slice,
    Tally,
    clipped,
    total_s,
    total_s_by_client,
)
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.histogram import Histogram
from grpcdemo.verdict import Order, Verdict
from grpcdemo.workload.call_log import Result

UNSORTED = 10_000
"""How many different results wait to be sorted into the histogram, each with how often it came."""


class Window:
    """Counts batches. It is full with *limit* responses, if there is a limit; then it counts nothing more."""

    def __init__(self, *, limit: int | None = None, most_servers: int = 10_000, unsorted: int = UNSORTED) -> None:
        self.responses = 0
        self.order = Order()
        self.standing: Verdict | None = None
        """The latest verdict on these calls, apart from inconclusive."""
        self._limit = limit
        self._most_servers = most_servers
        self._most_unsorted = unsorted
        self._by_client: dict[str, collections.Counter[str]] = {}
        self._ip_of: dict[str, str | None] = {}
        self._errors: collections.Counter[str] = collections.Counter()
        self._missed = 0
        self.began: float | None = None
        """When the first call was made."""
        self._filled: float | None = None
        self._last_server: dict[str, str] = {}
        self._unsorted: collections.Counter[Result] = collections.Counter()
        self._latencies = Histogram()

    @property
    def is_full(self) -> bool:
        """Whether it has as many responses as it was to have."""
        return self._filled is not None

    @property
    def answered(self) -> Collection[str]:
        """The servers that answered."""
        return self._ip_of.keys()

    def add(self, batch: Batch) -> Slice:
        """Count *batch* up to the response that fills the window, and return what was counted of it.

        Raises GrpcdemoError if more servers answer than any Service has: such a log would only fill the memory.
        """
        if self.is_full:
            return Slice()
        results = self._fitting(batch.results)
        servers = [pod for result in results if (pod := result.pod)]
        if failed := len(results) - len(servers):
            self._errors.update(result.code for result in results if not result.pod)
        by_server = collections.Counter(servers)
        self._count_servers(batch.client, by_server)
        self._count_latencies(results)
        self._missed += batch.missed
        self.began = batch.at if self.began is None else min(batch.at, self.began)
        self.responses += len(servers)
        if self.responses == self._limit:
            self._filled = batch.at
        followed, repeated = self._count_order(batch.client, servers)
        return Slice(dict(by_server), failed, followed, repeated)

    def tally(self, now: float, blind: Sequence[BlindTime] = (), unread: Sequence[BlindTime] = ()) -> Tally:
        """Everything counted up to *now*, in seconds of the clock of the batches.

        *blind* are the times in it that clients were blind, *unread* these and what was not read yet.
        """
        self._sort()
        end = now if self._filled is None else self._filled
        begin = min([*([] if self.began is None else [self.began]), *(one.begin for one in blind)], default=end)
        blind, unread = clipped(blind, begin, end), clipped(unread, begin, end)
        return Tally(
            responses=self.responses,
            errors=dict(self._errors),
            missed=self._missed,
            by_client={client: dict(answered) for client, answered in self._by_client.items()},
            latency_ms=self._percentiles(),
            seconds=end - begin,
            blind_seconds=total_s(blind),
            unread_by_client=total_s_by_client(unread),
        )

    def latencies(self) -> tuple[LatencyBin, ...]:
        """The distribution of the responses' latencies."""
        self._sort()
        return self._latencies.bins()

    def ip_of(self, server: str) -> str | None:
        """The IP of a server that answered; None if no answer told it."""
        self._sort()
        return self._ip_of[server]

    def _fitting(self, results: Sequence[Result]) -> Sequence[Result]:
        """As many of *results* as it takes to fill the window, or all."""
        if self._limit is None or self.responses + len(results) <= self._limit:
            return results
        missing = self._limit - self.responses
        for index, result in enumerate(results, 1):
            missing -= result.pod is not None
            if not missing:
                return results[:index]
        return results

    def _count_servers(self, client: str, by_server: collections.Counter[str]) -> None:
        for server in by_server.keys() - self._ip_of.keys():
            if len(self._ip_of) >= self._most_servers:
                raise GrpcdemoError(
                    f"the log of pod {client} names server number {self._most_servers + 1:,}: "
                    "it is not a log of calls to pods",
                    hint="watch other clients with --selector, or leave it out for the demo's own",
                )
            self._ip_of[server] = None
        if by_server:
            self._by_client.setdefault(client, collections.Counter()).update(by_server)

    def _count_latencies(self, results: Sequence[Result]) -> None:
        """Many calls have equal results, so count those first, and sort each into the histogram once."""
        self._unsorted.update(results)
        if len(self._unsorted) > self._most_unsorted:
            self._sort()

    def _sort(self) -> None:
        for result, count in self._unsorted.items():
            if result.pod is not None:
                self._latencies.add(result.latency_ms, count)
                self._ip_of[result.pod] = result.pod_ip or self._ip_of[result.pod]
        self._unsorted.clear()

    def _count_order(self, client: str, answered: list[str]) -> tuple[int, int]:
        """How many responses followed one of the same client, and how many of them came from the same pod as it."""
        if not answered:
            return 0, 0
        last = self._last_server.get(client)
        followed = len(answered) - (last is None)
        repeated = sum(map(eq, answered, islice(answered, 1, None))) + (last == answered[0])
        self._last_server[client] = answered[-1]
        self.order = Order(self.order.followed + followed, self.order.repeated + repeated)
        return followed, repeated

    def _percentiles(self) -> dict[str, float]:
        if self.responses < 2:
            return {}
        return {name: self._latencies.quantile_ms(share) for name, share in PERCENTILES.items()}
