"""The traffic of clients to the servers of a Service, as counters tell it that only grow until their owner restarts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from grpcdemo.model.observation import Slice
from grpcdemo.verdict import Criteria, Order, Outcome, Verdict, judge_polls
from grpcdemo.verdict.ruling import DEFAULT

Counters = Mapping[str, int]
"""The requests to each address, since whenever."""
NOTHING: Mapping[str, Counters] = {}


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
    streams: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By client pod that began no request: those to each server pod that were under way all the time."""

    @property
    def is_whole(self) -> bool:
        """Nobody was left out."""
        return self.pods == self.all_pods


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

    @property
    def streams(self) -> dict[str, dict[str, int]]:
        """By client pod that began no request: those to each server pod that were under way at every poll."""
        silent = {client: lasting for client, lasting in self._lasting.items() if not self._requests[client]}
        named = {client: Counter[str]() for client in sorted(silent)}
        for client, lasting in silent.items():
            for address, number in lasting.items():
                named[client][self._servers.get(address, address)] += number
        return {client: dict(+numbers) for client, numbers in named.items() if +numbers} if self.seconds else {}

    def add(
        self,
        now: float,
        servers: Mapping[str, str],
        counters: Mapping[str, Counters],
        under_way: Mapping[str, Counters] = NOTHING,
    ) -> Slice:
        """The *counters* of each client that could be read, and the names of the *servers* by address.

        What is *under_way* are those of the requests that have not ended.

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
            self._last(client, under_way.get(client, {}))
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
        self._lasting: dict[str, Counters] = {}

    def _last(self, client: str, under_way: Counters) -> None:
        """At every poll, so many were under way at least."""
        before = self._lasting.get(client, under_way)
        self._lasting[client] = {address: min(number, before.get(address, 0)) for address, number in under_way.items()}

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
            streams=self.streams,
        )

    def verdict(self, unheard: Mapping[str, str], criteria: Criteria = DEFAULT) -> Verdict:
        servers = {*self._servers.values()}
        total = sum((+requests for requests in self._requests.values()), Counter[str]())
        if len(servers) > 1 and not total:
            lasting = sum(sum(numbers.values()) for numbers in self.streams.values())
            reason = f"no request began, and {lasting} went on all the time" if lasting else "there were no requests"
            return Verdict(Outcome.INCONCLUSIVE, reason)
        if elsewhere := [name for name in total if name not in servers]:
            reason = f"{total[elsewhere[0]]} requests went to {elsewhere[0]}, which is no ready endpoint here"
            return Verdict(Outcome.INCONCLUSIVE, reason)
        return judge_polls(self._requests, servers, self._polls, criteria, unheard)


def increase(earlier: Counters, later: Counters) -> Counters:
    """The requests between two readings. If a counter fell, nobody knows: its owner has forgotten what it counted."""
    if any(number < earlier.get(address, 0) for address, number in later.items()):
        return {}
    return {address: number - earlier.get(address, 0) for address, number in later.items()}
