"""What `observe` counted: who answered whom, when, how fast, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from grpcdemo.errors import Hint
from grpcdemo.model.pods import Pod
from grpcdemo.verdict import Verdict

PERCENTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
"""Of latencies, by the names that documents give them."""


def add_counts(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum of several counts by name."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


BlindCause = Literal["unreadable", "no calls", "unwatched"]
"""Why calls could not be counted: a client's log could not be read, no line in it tells of a call, or the pods could
not be watched."""


@dataclass(frozen=True)
class BlindTime:
    """A time in which it is unknown what a client did. Times are seconds since the observation began."""

    client: str
    """The client's pod; empty if it is about all pods."""
    begin: float
    end: float
    """Up to now, while *is_over* is false."""
    cause: BlindCause
    message: str
    """What the API said, in one line."""
    is_over: bool = False
    """The log can be read again, but not the lines from this time."""


def clipped(times: Iterable[BlindTime], begin: float, end: float) -> list[BlindTime]:
    """The parts of *times* between *begin* and *end*."""
    parts = (replace(one, begin=max(one.begin, begin), end=min(one.end, end)) for one in times)
    return [one for one in parts if one.begin < one.end]


def spans(times: Iterable[BlindTime]) -> list[tuple[float, float]]:
    """From when to when it was blind; what overlaps is joined."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted((one.begin, one.end) for one in times):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def total_s(times: Iterable[BlindTime]) -> float:
    """How long it was blind; what overlaps counts once."""
    return sum((end - begin for begin, end in spans(times)), 0.0)


def total_s_by_client(times: Collection[BlindTime]) -> dict[str, float]:
    """How long each client was blind."""
    clients = sorted({one.client for one in times})
    return {client: total_s(one for one in times if one.client == client) for client in clients}


@dataclass(frozen=True)
class Tally:
    """Who answered, in one window of observation."""

    responses: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """Failed calls by gRPC status code, or all as `failed` where it is not known."""
    failed: Mapping[str, int] | None = None
    """Those of them by server pod; None if it is not known at whom."""
    missed: int = 0
    """Calls whose log lines could not be read."""
    by_client: dict[str, dict[str, int]] = field(default_factory=dict)
    """Responses by client pod, then by server pod."""
    latency_ms: dict[str, float] = field(default_factory=dict)
    """By percentile: p50, p90, p99."""
    seconds: float = 0.0
    """How long the window is, with the time that was blind."""
    blind_seconds: float = 0.0
    """In which the calls of at least one client could not be read."""
    unread_by_client: dict[str, float] = field(default_factory=dict)
    """For how long the calls of a client were not read: while it was blind, and since the last look."""

    @property
    def responses_per_second(self) -> float:
        """The sum of all clients' rates, each over the time in which its calls could be read."""
        rates = 0.0
        for client, answered in self.by_client.items():
            read_s = self.seconds - self.unread_by_client.get(client, 0.0)
            rates += sum(answered.values()) / read_s if read_s > 0 else 0.0
        return rates

    def by_server(self) -> dict[str, int]:
        """Responses by server pod, over all clients."""
        return add_counts(self.by_client.values())


OTHERS = ""
"""The name for all servers beyond the limit, in a slice of time in which too many answered."""


@dataclass(frozen=True)
class Slice:
    """What happened in one slice of time."""

    by_server: dict[str, int] = field(default_factory=dict)
    """Responses by server pod, over all clients."""
    errors: int = 0
    followed: int = 0
    """Responses that followed another one of the same client in the same window."""
    repeated: int = 0
    """How many of those came from the same pod as the one before: all when pinned, 1 in k at random."""
    windows: int = 0
    """Windows that began in it."""

    @property
    def responses(self) -> int:
        return sum(self.by_server.values())


@dataclass(frozen=True)
class Timeline:
    """Who answered when, over the whole observation and across its windows."""

    slice_s: float = 0.5
    """The length of each slice but the last, which may not be over."""
    slices: tuple[Slice, ...] = ()
    seconds: float = 0.0

    def by_server(self) -> dict[str, int]:
        """Responses by server pod, over all clients and windows."""
        return add_counts(one.by_server for one in self.slices)


@dataclass(frozen=True)
class LatencyBin:
    """How many responses took from *low_ms* up to *high_ms*."""

    low_ms: float
    high_ms: float
    count: int


SourceName = Literal["envoy", "linkerd", "istio", "app", "log", "connections", "probe"]
"""The Envoys or Linkerd proxies of the clients, the statistics of Istio at the servers, the servers' own metrics or
logs, their connections, which count no requests, or probes that were added to them."""


@dataclass(frozen=True)
class CountedBy:
    """Who has counted the requests, where it was not the client itself, in its log."""

    source: SourceName
    pods: int
    """How many of the clients, or of the servers, told."""
    all_pods: int
    """How many there are."""
    why: str = ""
    """Why no better source could be used."""

    with_connections: bool = False
    """The connections of the servers were seen, beside the requests."""

    @property
    def is_approximate(self) -> bool:
        """They count what a request mostly is: one TCP segment."""
        return self.source == "probe"

    @property
    def at_servers(self) -> bool:
        """They need not tell client pods apart."""
        return self.source not in ("envoy", "linkerd")


@dataclass(frozen=True)
class Observation:
    """What `observe` knows at one moment: the pods, the tally of the present window, and the verdict."""

    servers: tuple[Pod, ...]
    clients: tuple[Pod, ...]
    tally: Tally
    verdict: Verdict
    windows: int = 1
    """The number of windows: each change in the set of pods starts a new one."""
    departed: dict[str, str] = field(default_factory=dict)
    """IP by name of the server pods that answered in this window and are gone."""
    timeline: Timeline = Timeline()
    latencies: tuple[LatencyBin, ...] = ()
    """The distribution of the latency in the present window."""
    blind: tuple[BlindTime, ...] = ()
    """When calls could not be counted, over the whole observation, the latest last."""
    hint: Hint | None = None
    """What helps where nobody can answer."""
    appeared: tuple[str, ...] = ()
    """The server pods in the order in which they appeared, also those that are gone."""
    counted_by: CountedBy | None = None
    """None for the clients' logs, which alone tell of latencies, and why a call failed."""
    connections: Mapping[str, Mapping[str, int]] | None = None
    """Those that are open now, by client pod and server pod; None if the servers' were not seen."""

    @property
    def expected(self) -> dict[str, float]:
        """The even share of each server pod that can answer."""
        counts = self.tally.by_server()
        able = [pod.name for pod in self.servers if pod.ready or counts.get(pod.name)]
        return dict.fromkeys(able, 1 / len(able)) if able else {}

    @property
    def callers(self) -> list[str]:
        """Whose responses are told apart: the client pods, or what the servers know of them."""
        pods = [] if self.counted_by and self.counted_by.at_servers else [pod.name for pod in self.clients]
        return [*dict.fromkeys([*pods, *self.tally.by_client])]

    @property
    def unread(self) -> list[BlindTime]:
        """When the calls of a client could not be read, without the times that are about the pods."""
        return [one for one in self.blind if one.client]

    @property
    def is_blind(self) -> bool:
        """Whether calls cannot be counted now."""
        return any(not one.is_over for one in self.blind)

    @property
    def is_over(self) -> bool:
        """Whether no client and no server is left."""
        return not self.servers and not self.clients
