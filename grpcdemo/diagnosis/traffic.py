"""The traffic of clients to the servers of a Service, as counters tell it that only grow until their owner restarts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from grpcdemo.model.observation import Slice
from grpcdemo.verdict import Criteria, Order, Outcome, Verdict, judge_polls
from grpcdemo.verdict.ruling import DEFAULT

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
        self.number = 0
        """How many there were, with this one."""
        self._servers: Mapping[str, str] = {}
        self._forget(0.0)

    @property
    def clients(self) -> frozenset[str]:
        """Whose counters were read."""
        return frozenset(self._latest)

    @property
    def seconds(self) -> float:
        """From the first poll to the latest one."""
        return self._ended - self._began

    @property
    def by_client(self) -> dict[str, dict[str, int]]:
        """Requests by client pod and server pod."""
        return {client: dict(self._requests[client]) for client in sorted(self._latest)}

    def add(self, now: float, servers: Mapping[str, str], counters: Mapping[str, Counters]) -> Slice:
        """The *counters* of each client that could be read, and the names of the *servers* by address.

        Other servers begin another window, and so do other hosts in a client's Envoy, which learns of them later: what
        was counted before, was not shared between these. Returns what is new.
        """
        changed = any(
            client in self._latest and later.keys() != self._latest[client].keys() for client, later in counters.items()
        )
        number = self.number
        if servers != self._servers or changed or not number:
            self._servers = servers
            self.begin(now)
        self._ended = now
        new, before = Counter[str](), self._polls
        for client, later in counters.items():
            if client in self._latest:
                new += self._count(client, increase(self._latest[client], later))
            self._latest[client] = later
        followed, repeated = self._polls.followed - before.followed, self._polls.repeated - before.repeated
        return Slice(dict(new), followed=followed, repeated=repeated, windows=self.number - number)

    def begin(self, now: float) -> None:
        """Forget what was counted."""
        self.number += 1
        self._forget(now)

    def _forget(self, now: float) -> None:
        self._began = self._ended = now
        self._latest: dict[str, Counters] = {}
        self._requests: dict[str, Counter[str]] = defaultdict(Counter)
        self._polls = Order()

    def _count(self, client: str, requests: Counters) -> Counter[str]:
        """Returns the requests by server."""
        counted = Counter[str]()
        for address, number in requests.items():
            if number:
                counted[self._servers.get(address, address)] += number
        self._requests[client] += counted
        if counted.total() > 1:
            alone = len(counted) == 1
            self._polls = Order(self._polls.followed + 1, self._polls.repeated + alone)
        return counted

    def measure(self, unheard: Mapping[str, str], all_pods: int) -> Measurement:
        """The verdict so far; *unheard* are the clients whose counters cannot be read now, and why."""
        return Measurement(
            verdict=self.verdict(unheard),
            seconds=self.seconds,
            by_client=self.by_client,
            servers=tuple(sorted({*self._servers.values()})),
            pods=len(self._latest),
            all_pods=all_pods,
        )

    def verdict(self, unheard: Mapping[str, str], criteria: Criteria = DEFAULT) -> Verdict:
        servers = {*self._servers.values()}
        total = sum((+requests for requests in self._requests.values()), Counter[str]())
        if len(servers) > 1 and not total:
            return Verdict(Outcome.INCONCLUSIVE, "there were no requests")
        if elsewhere := [name for name in total if name not in servers]:
            reason = f"{total[elsewhere[0]]} requests went to {elsewhere[0]}, which is no ready endpoint here"
            return Verdict(Outcome.INCONCLUSIVE, reason)
        return judge_polls(self._requests, servers, self._polls, criteria, unheard)


def increase(earlier: Counters, later: Counters) -> Counters:
    """The requests between two readings. If a counter fell, nobody knows: its owner has forgotten what it counted."""
    if any(number < earlier.get(address, 0) for address, number in later.items()):
        return {}
    return {address: number - earlier.get(address, 0) for address, number in later.items()}
