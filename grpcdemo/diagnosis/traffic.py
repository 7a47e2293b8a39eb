"""The traffic of clients to the servers of a Service, as counters tell it that only grow until their owner restarts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from grpcdemo.verdict import Order, Outcome, Verdict, judge_polls

Counters = Mapping[str, int]
"""The requests to each address, since whenever."""


@dataclass(frozen=True)
class Measurement:
    """What was counted, and the verdict on it."""

    verdict: Verdict
    seconds: float
    by_client: Mapping[str, Mapping[str, int]]
    """Requests by client pod and server pod."""
    servers: tuple[str, ...]
    pods: int
    """How many client pods were asked."""
    all_pods: int
    """How many there are."""


@dataclass(frozen=True)
class NotMeasured:
    """Why nothing was counted."""

    reason: str


class Window:
    """The requests since the servers are the same, from one poll of the clients' counters to the next."""

    def __init__(self) -> None:
        self._servers: Mapping[str, str] = {}
        self._latest: dict[str, Counters] = {}
        self._began = self._ended = 0.0
        self._requests: dict[str, Counter[str]] = defaultdict(Counter)
        self._polls = Order()

    @property
    def clients(self) -> frozenset[str]:
        """Whose counters were read."""
        return frozenset(self._latest)

    def add(self, now: float, servers: Mapping[str, str], counters: Mapping[str, Counters]) -> None:
        """The *counters* of each client that could be read, and the names of the *servers* by address.

        Other servers begin another window, and so do other hosts in a client's Envoy, which learns of them later: what
        was counted before, was not shared between these.
        """
        changed = any(
            client in self._latest and later.keys() != self._latest[client].keys() for client, later in counters.items()
        )
        if servers != self._servers or changed:
            self._servers, self._began = servers, now
            self._latest, self._requests, self._polls = {}, defaultdict(Counter), Order()
        self._ended = now
        for client, later in counters.items():
            if client in self._latest:
                self._count(client, increase(self._latest[client], later))
            self._latest[client] = later

    def _count(self, client: str, requests: Counters) -> None:
        for address, number in requests.items():
            if number:
                self._requests[client][self._servers.get(address, address)] += number
        if sum(requests.values()) > 1:
            alone = sum(map(bool, requests.values())) == 1
            self._polls = Order(self._polls.followed + 1, self._polls.repeated + alone)

    def measure(self, unheard: Mapping[str, str], all_pods: int) -> Measurement:
        """The verdict so far; *unheard* are the clients whose counters cannot be read now, and why."""
        return Measurement(
            verdict=self._verdict(unheard),
            seconds=self._ended - self._began,
            by_client={client: dict(self._requests[client]) for client in sorted(self._latest)},
            servers=tuple(sorted({*self._servers.values()})),
            pods=len(self._latest),
            all_pods=all_pods,
        )

    def _verdict(self, unheard: Mapping[str, str]) -> Verdict:
        servers = {*self._servers.values()}
        total = sum((+requests for requests in self._requests.values()), Counter[str]())
        if len(servers) > 1 and not total:
            return Verdict(Outcome.INCONCLUSIVE, "there were no requests")
        if elsewhere := [name for name in total if name not in servers]:
            reason = f"{total[elsewhere[0]]} requests went to {elsewhere[0]}, which is no ready endpoint here"
            return Verdict(Outcome.INCONCLUSIVE, reason)
        return judge_polls(self._requests, servers, self._polls, unheard=unheard)


def increase(earlier: Counters, later: Counters) -> Counters:
    """The requests between two readings. If a counter fell, nobody knows: its owner has forgotten what it counted."""
    if any(number < earlier.get(address, 0) for address, number in later.items()):
        return {}
    return {address: number - earlier.get(address, 0) for address, number in later.items()}
