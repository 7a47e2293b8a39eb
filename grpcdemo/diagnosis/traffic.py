"""The traffic between clients and servers of a Service, from counters that only grow until their owner restarts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

from grpcdemo.diagnosis.failures import Failures
from grpcdemo.diagnosis.fan_out import Connections, FanOut
from grpcdemo.model.observation import CountedBy, Slice
from grpcdemo.verdict import Criteria, Order, Outcome, Verdict, judge, judge_load, judge_polls
from grpcdemo.verdict.ruling import DEFAULT


@dataclass(frozen=True)
class Requests:
    """Those of a client to one address, since whenever."""

    begun: int = 0
    answered: int = 0
    failed: int = 0
    """As far as the counter's owner knows: of a request that its client gave up, it need not."""
    under_way: int = 0
    """How many have not ended now."""

    def plus(self, other: Requests) -> Requests:
        return Requests(
            self.begun + other.begun,
            self.answered + other.answered,
            self.failed + other.failed,
            self.under_way + other.under_way,
        )

    def since(self, earlier: Requests) -> Requests:
        return Requests(
            self.begun - earlier.begun,
            max(0, self.answered - earlier.answered),
            self.failed - earlier.failed,
            self.under_way,
        )

    def has_forgotten(self, earlier: Requests) -> bool:
        """Whether the counter began anew since."""
        return self.begun < earlier.begun or self.failed < earlier.failed


NONE = Requests()
Counters = Mapping[str, Requests]
"""By address."""


@dataclass(frozen=True)
class Measurement:
    """What was counted, and the verdict on it."""

    verdict: Verdict
    seconds: float
    by_client: Mapping[str, Mapping[str, int]]
    """Answered requests by client pod, or workload, and server pod."""
    servers: tuple[str, ...]
    counted_by: CountedBy
    streams: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By client pod that began no request: those to each server pod that were under way all the time."""
    failures: Failures = field(default_factory=Failures)
    connections: Mapping[str, Mapping[str, int]] | None = None
    """Those that are open now, by client pod and server pod; None if the servers' were not seen."""
    is_missed: bool = False
    """As of `NotMeasured`: what was seen tells nothing."""

    @property
    def is_whole(self) -> bool:
        """Nobody was left out."""
        return self.counted_by.pods == self.counted_by.all_pods


@dataclass(frozen=True)
class NotMeasured:
    """Why nothing was counted."""

    reason: str
    is_missed: bool = False
    """The user has named who should count, so the configuration alone is no answer."""


class Window:
    """The requests since the servers are the same, from one poll of the clients' counters to the next."""

    def __init__(self) -> None:
        self.number = 0
        """How many there were, with this one."""
        self._servers: Mapping[str, str] = {}
        self._basis: Hashable = None
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
        """Answered requests by client pod and server pod."""
        return {client: dict(self._answered[client]) for client in sorted(self._latest)}

    @property
    def failures(self) -> Failures:
        """What the counters call failed. A request that its client gave up is none: so ends many a stream."""
        return Failures(dict(_total(self._failed)), dict(_total(self._answered)), self._begun.total())

    @property
    def connections(self) -> dict[str, dict[str, int]] | None:
        """Those that are open now, by client pod and server pod; None if the servers' were not seen."""
        return self._fan_out.by_client if self._fan_out.is_known else None

    @property
    def streams(self) -> dict[str, dict[str, int]]:
        """By client pod that began no request: those to each server pod that were under way at every poll."""
        silent = {client: lasting for client, lasting in self._lasting.items() if not self._begun[client]}
        named = {client: self._by_server(silent[client]) for client in sorted(silent)}
        return {client: dict(numbers) for client, numbers in named.items() if numbers} if self.seconds else {}

    def add(
        self,
        now: float,
        servers: Mapping[str, str],
        counters: Mapping[str, Counters],
        basis: Hashable = None,
        connections: Connections | None = None,
    ) -> Slice:
        """The *counters* of each client that could be read, and the names of the *servers* by address.

        The *connections* are those of the servers, if they were looked at.

        The *basis* is who counts, and who counts as a client. Another one begins another window.

        Other servers begin another window, and so do other hosts in a client's Envoy, which learns of them later: what
        was counted before, was not shared between these. Returns what is new.
        """
        changed = any(
            client in self._latest and later.keys() != self._latest[client].keys() for client, later in counters.items()
        )
        number = self.number
        if servers != self._servers or basis != self._basis or changed or not number:
            self._servers, self._basis = servers, basis
            self.begin(now)
        self._ended = now
        if connections:
            self._fan_out.add(connections)
        new, before, failed = Counter[str](), self._polls, self.failures.failed
        for client, later in counters.items():
            self._last(client, {address: requests.under_way for address, requests in later.items()})
            if client in self._latest:
                new += self._count(client, increase(self._latest[client], later))
            self._latest[client] = later
        followed, repeated = self._polls.followed - before.followed, self._polls.repeated - before.repeated
        return Slice(dict(new), self.failures.failed - failed, followed, repeated, self.number - number)

    def begin(self, now: float) -> None:
        """Forget what was counted."""
        self.number += 1
        self._forget(now)

    def _forget(self, now: float) -> None:
        self._began = self._ended = now
        self._latest: dict[str, Counters] = {}
        self._begun = Counter[str]()
        self._answered: dict[str, Counter[str]] = defaultdict(Counter)
        self._failed: dict[str, Counter[str]] = defaultdict(Counter)
        self._polls = Order()
        self._lasting: dict[str, Mapping[str, int]] = {}
        self._fan_out = FanOut()

    def _last(self, client: str, under_way: Mapping[str, int]) -> None:
        """At every poll, so many were under way at least."""
        before = self._lasting.get(client, under_way)
        self._lasting[client] = {address: min(number, before.get(address, 0)) for address, number in under_way.items()}

    def _count(self, client: str, new: Counters) -> Counter[str]:
        """Returns the answered ones by server."""
        answered = self._by_server({address: requests.answered for address, requests in new.items()})
        self._answered[client] += answered
        self._failed[client] += self._by_server({address: requests.failed for address, requests in new.items()})
        self._begun[client] += sum(requests.begun for requests in new.values())
        if answered.total() > 1:
            alone = len(answered) == 1
            self._polls = Order(self._polls.followed + 1, self._polls.repeated + alone)
        return answered

    def _by_server(self, numbers: Mapping[str, int]) -> Counter[str]:
        """Numbers above zero by the server's name, or else its address."""
        named = Counter[str]()
        for address, number in numbers.items():
            named[self._servers.get(address, address)] += number
        return +named

    def measure(
        self, unheard: Mapping[str, str], counted_by: CountedBy, untold: str = "", idle: str = ""
    ) -> Measurement:
        """What there is so far."""
        return Measurement(
            verdict=self.verdict(unheard, untold=untold, idle=idle),
            seconds=self.seconds,
            by_client=self.by_client,
            servers=tuple(sorted({*self._servers.values()})),
            counted_by=counted_by,
            streams=self.streams,
            failures=self.failures,
            connections=self.connections,
        )

    def verdict(
        self, unheard: Mapping[str, str], criteria: Criteria = DEFAULT, untold: str = "", idle: str = ""
    ) -> Verdict:
        """The verdict so far; *unheard* are those whose counters cannot be read now, and why.

        *untold* is why the clients are not told apart, if they are not; *idle* is what there is in place of requests.
        """
        servers = {*self._servers.values()}
        if not self._fan_out.is_known:
            return self._verdict_on_requests(unheard, criteria, untold, idle)
        connected = self._fan_out.verdict(len(servers))
        if connected.outcome is Outcome.PINNED:
            return self.failures.tell(connected)
        if self._fan_out.is_young or not self._latest:
            return connected
        return self._verdict_on_requests(unheard, criteria, untold and connected.reason, idle)

    def _verdict_on_requests(self, unheard: Mapping[str, str], criteria: Criteria, untold: str, idle: str) -> Verdict:
        servers = {*self._servers.values()}
        answered = _total(self._answered)
        if unheard and not self._latest:
            return judge({}, servers, criteria, unheard=unheard)
        if len(servers) > 1 and not self.failures.requests:
            lasting = sum(sum(numbers.values()) for numbers in self.streams.values())
            nothing = idle or "no request went to a server pod"
            reason = f"no request was started, and {lasting} stayed open" if lasting else nothing
            return Verdict(Outcome.INCONCLUSIVE, reason)
        if self.failures.is_without_answer:
            return Verdict(
                Outcome.INCONCLUSIVE,
                f"none of {self.failures.begun} requests was answered: they are pending or were canceled",
            )
        if elsewhere := [name for name in answered if name not in servers]:
            reason = f"{answered[elsewhere[0]]} requests went to {elsewhere[0]}, which is not a ready endpoint here"
            return Verdict(Outcome.INCONCLUSIVE, reason)
        if untold:
            return self.failures.tell(judge_load(answered, servers, untold, criteria, unheard))
        verdict = judge_polls(self._answered, servers, self._polls, criteria, unheard)
        if verdict.outcome is Outcome.PINNED and self._fail_elsewhere:
            verdict = replace(verdict, outcome=Outcome.SKEWED)
        return self.failures.tell(verdict)

    @property
    def _fail_elsewhere(self) -> bool:
        """A client's requests fail at other pods than those that answer it: it does not stay on one."""
        return any(
            answered and self._failed[client].keys() - answered.keys() for client, answered in self._answered.items()
        )


def _total(by_client: Mapping[str, Counter[str]]) -> Counter[str]:
    return sum(by_client.values(), Counter[str]())


def increase(earlier: Counters, later: Counters) -> Counters:
    """The requests between two readings. If a counter fell, nobody knows: its owner has forgotten what it counted."""
    before = {address: earlier.get(address, NONE) for address in later}
    if any(requests.has_forgotten(before[address]) for address, requests in later.items()):
        return {}
    return {address: requests.since(before[address]) for address, requests in later.items()}
