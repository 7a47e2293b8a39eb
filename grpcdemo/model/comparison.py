"""What `compare` measured of each cure: in steady state, next to the client without a cure, and during changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from grpcdemo.model.observation import PERCENTILES, Timeline, add_counts
from grpcdemo.verdict import Order, Verdict
from grpcdemo.verdict.paired import Difference, mean_difference
from grpcdemo.verdict.ruling import MOSTLY

BASELINE = "none"
"""The cure that is no cure: all others are compared to it."""


@dataclass(frozen=True)
class Traffic:
    """Who answered whom, in one window or in several."""

    by_client: dict[str, dict[str, int]] = field(default_factory=dict)
    """Responses by client pod, then by server pod."""
    errors: dict[str, int] = field(default_factory=dict)
    """Failed calls by gRPC status code."""
    orders: dict[str, Order] = field(default_factory=dict)
    """By client pod."""
    missed: int = 0
    """Calls whose log lines could not be read."""

    @property
    def order(self) -> Order:
        """Of all clients together."""
        orders = self.orders.values()
        return Order(sum(one.followed for one in orders), sum(one.repeated for one in orders))

    @property
    def stays(self) -> bool:
        """Whether each client stays on one pod, or does until it moves to another."""
        return all(order.repeated >= MOSTLY * order.followed for order in self.orders.values())

    @property
    def responses(self) -> int:
        return sum(add_counts(self.by_client.values()).values())

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def by_server(self) -> dict[str, int]:
        return add_counts(self.by_client.values())

    def by_client_alone(self) -> Iterator[Traffic]:
        """The responses of each client."""
        for client, answered in self.by_client.items():
            yield Traffic({client: answered}, orders={client: self.orders.get(client, Order())})


@dataclass(frozen=True)
class Window:
    """One cure in steady state, once: new clients, and the calls that they made after a moment to connect."""

    number: int
    """Its place in the order of all windows."""
    round: int
    traffic: Traffic
    verdict: Verdict
    latency_ms: dict[str, float] = field(default_factory=dict)
    """By percentile: p50, p90, p99."""
    client_connections: tuple[float, ...] = ()
    """How many each client had open to its target, as the median over the seconds."""
    server_connections: tuple[float, ...] = ()
    """How many each server had open."""
    startup_s: tuple[float, ...] = ()
    """From when each client's pod was there until its first answer."""


class Event(Enum):
    """What is done to the servers while the clients call."""

    SCALE_UP = "scale-up"
    CRASH = "crash"
    RESTART = "restart"
    SCALE_DOWN = "scale-down"


@dataclass(frozen=True)
class Disturbance:
    """What the clients felt of one event, until the next one began."""

    event: Event
    begin_s: float
    """Since the clients were ready."""
    seconds: float
    calls: int
    errors: dict[str, int]
    longest_gap_s: float
    """The longest time that any client went without an answer."""

    @property
    def failed(self) -> int:
        return sum(self.errors.values())


@dataclass(frozen=True)
class NewPod:
    """How long a server pod that was added waited for calls, from when it was ready."""

    name: str
    watched_s: float
    """For how long that was watched."""
    first_call_s: float | None
    """None if no call came."""
    even_s: float | None
    """Until its share was even; None if it never was."""


@dataclass(frozen=True)
class Course:
    """One cure while its servers changed."""

    disturbances: tuple[Disturbance, ...] = ()
    new_pod: NewPod | None = None
    """None if it was not measured."""
    traffic: Traffic = field(default_factory=Traffic)
    """While the new pod was watched: the longest time without any other change."""
    traffic_s: float = 0.0
    timeline: Timeline = field(default_factory=Timeline)
    marks: tuple[tuple[Event, float], ...] = ()
    """When each event began, in seconds of the timeline."""
    missed: int = 0
    skipped: dict[Event, str] = field(default_factory=dict)
    """Why an event could not be caused."""

    def of(self, event: Event) -> Disturbance | None:
        return next((one for one in self.disturbances if one.event is event), None)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.disturbances)

    @property
    def moves_every_s(self) -> float | None:
        """How long a client stays on one pod before it moves to another; None if none moves, or if all spread."""
        order = self.traffic.order
        moves, clients = order.followed - order.repeated, len(self.traffic.by_client)
        if not moves or not self.traffic.stays:
            return None
        return self.traffic_s * clients / moves

    @property
    def longest_gap_s(self) -> float:
        return max((one.longest_gap_s for one in self.disturbances), default=0.0)


@dataclass(frozen=True)
class Cost:
    """What the containers that a cure adds use: proxies and agents."""

    containers: int
    memory_bytes: int
    cpu_cores: float | None
    """None if no source tells."""


@dataclass(frozen=True)
class CureResult:
    """What is known of one cure."""

    name: str
    summary: str
    changes: tuple[str, ...]
    """What has to be changed for it: client, server, cluster."""
    windows: tuple[Window, ...] = ()
    traffic: Traffic = Traffic()
    """Of all windows together."""
    verdict: Verdict | None = None
    """On all windows together; None if it was not measured."""
    clients: dict[str, int] = field(default_factory=dict)
    """How many clients, taken alone, have each verdict."""
    added_ms: dict[str, Difference] = field(default_factory=dict)
    """By percentile: what is added to the latency of the client without a cure."""
    course: Course | None = None
    cost: Cost | None = None
    """None if it could not be read, or if the cure adds no container."""
    cost_unknown: str = ""
    """Why it could not be read."""
    contrast: bool = False
    """It is there to be compared with, and no cure."""
    failure: str = ""
    """Why it cannot run here, or how it failed."""

    @property
    def mean_startup_s(self) -> float | None:
        """From a client's pod to its first answer, on average."""
        startups = [seconds for window in self.windows for seconds in window.startup_s]
        return sum(startups) / len(startups) if startups else None

    @property
    def repeated_share(self) -> float | None:
        """How often the pod that answered was the one that had answered the same client before."""
        order = self.traffic.order
        return order.repeated / order.followed if order.followed else None


@dataclass(frozen=True)
class Setting:
    """How the comparison was made."""

    servers: int
    clients: int
    rate: float
    rounds: int
    seed: int
    window_s: float
    expected_s: float
    """The estimate that was printed at the start, in seconds."""
    may_change: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """All cures, in the order of the table."""

    setting: Setting
    cures: tuple[CureResult, ...]
    seconds: float
    complete: bool
    """False if it was ended before all was measured."""

    @property
    def baseline(self) -> CureResult | None:
        return next((one for one in self.cures if one.name == BASELINE), None)


def added_latency(windows: Iterable[Window], baselines: Iterable[Window]) -> dict[str, Difference]:
    """What *windows* add to the latency of the *baselines* right before and after each, by percentile.

    The mean of the two cancels what changes steadily, such as a machine that warms up.
    """
    differences: dict[str, list[float]] = {name: [] for name in PERCENTILES}
    by_number = {window.number: window for window in baselines}
    for window in windows:
        beside = [by_number[at] for at in (window.number - 1, window.number + 1) if at in by_number]
        for name, listed in differences.items():
            values = [one.latency_ms[name] for one in beside if name in one.latency_ms]
            if values and name in window.latency_ms:
                listed.append(window.latency_ms[name] - sum(values) / len(values))
    means = {name: mean_difference(listed) for name, listed in differences.items()}
    return {name: mean for name, mean in means.items() if mean}
