"""The facts that the tool passes around: frozen values that reach neither a cluster nor a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from grpcdemo.verdict import Verdict

SERVER_APP = "grpc-server"
CLIENT_APP = "grpc-client"
CLIENT_CONTAINER = "grpc-client"

ProxyKind = Literal["native sidecar", "container"]
"""How a pod runs Istio's proxy: as an init container that keeps running, or as a plain container."""


@dataclass(frozen=True)
class Target:
    """The Kubernetes API a command talks to, and how it was chosen."""

    context: str
    server: str
    implied: bool
    """It is just the current context of the default kubeconfig: no option or variable names it."""
    local: bool
    """The API server's address is on this machine."""
    sandbox: bool = False
    cluster: str = ""
    """The name of the cluster's entry in the kubeconfig."""
    kubeconfig: str | None = None
    """The kubeconfig that an option named, or the sandbox's own; None for the one that kubectl uses."""
    in_cluster: bool = False
    """It is the cluster around the pod that the program runs in, which no context names."""

    @property
    def kubectl_flags(self) -> tuple[str, ...]:
        """The flags that point kubectl at this target."""
        context = () if self.sandbox or self.in_cluster else ("--context", self.context)
        return (*context, "--kubeconfig", self.kubeconfig) if self.kubeconfig else context

    def __str__(self) -> str:
        if self.sandbox:
            return f"the sandbox on this machine ({self.server})"
        if self.in_cluster:
            return f"the cluster of this pod ({self.server})"
        return f"context {self.context} ({self.server})"


@dataclass(frozen=True)
class Pod:
    """One pod as `kubectl get pods -o wide` shows it, and its Istio proxy."""

    name: str
    uid: str
    app: str
    status: str
    ready_containers: int
    containers: int
    restarts: int
    ip: str | None
    node: str | None
    proxy: ProxyKind | None
    ready: bool
    """The condition Ready, which makes the pod an endpoint of its Service."""
    deleting: bool
    finished: bool
    """Succeeded or Failed: it never runs again, and does not count."""

    @property
    def ready_text(self) -> str:
        return f"{self.ready_containers}/{self.containers}"

    @property
    def live(self) -> bool:
        return not self.deleting and not self.finished


@dataclass(frozen=True)
class Workload:
    """One of the demo's two Deployments."""

    name: str
    replicas: int | None
    """How many pods it is to have; None if there is no such Deployment."""
    ready: int = 0
    paused: bool = False


@dataclass(frozen=True)
class ServiceReference:
    """A Service and its namespace: `istio-system/istiod`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Injector:
    """A sidecar injector: one revision of Istio's mutating webhook."""

    revision: str
    service: ServiceReference | None
    """None if the webhook calls a URL."""
    ready: bool | None
    """Whether the Service has a ready endpoint; None if that could not be read."""


@dataclass(frozen=True)
class Injection:
    """What Istio would do to a new pod of the demo, given the namespace's labels."""

    injectors: tuple[Injector, ...] | None
    """Every injector in the cluster; None if the webhooks could not be read."""
    labels: dict[str, str]
    """The namespace's labels that injectors select."""
    revision: str | None
    """The revision that would inject, if any."""
    ambient: bool
    """The namespace is in Istio's ambient mode, which has no sidecars."""


@dataclass(frozen=True)
class IstioStatus:
    """What `istio status` shows."""

    namespace: str
    injection: Injection
    versions: tuple[str, ...] | None
    """Versions of the running control planes; None if they could not be read."""
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]
    sandbox: bool = False
    """The sandbox injects the proxies, not Istio."""


@dataclass(frozen=True)
class Status:
    """What `status` shows."""

    target: Target
    kubernetes: str
    namespace: str
    phase: str | None
    """The namespace's phase; None if the namespace does not exist."""
    owned: bool
    """grpcdemo created the namespace."""
    labels: dict[str, str]
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]


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


@dataclass(frozen=True)
class Tally:
    """Who answered, in one window of observation."""

    responses: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """Failed calls by gRPC status code."""
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

    @property
    def expected(self) -> dict[str, float]:
        """The even share of each server pod that can answer."""
        counts = self.tally.by_server()
        able = [pod.name for pod in self.servers if pod.ready or counts.get(pod.name)]
        return dict.fromkeys(able, 1 / len(able)) if able else {}

    @property
    def is_blind(self) -> bool:
        """Whether calls cannot be counted now."""
        return any(not one.is_over for one in self.blind)

    @property
    def is_over(self) -> bool:
        """Whether no client and no server is left."""
        return not self.servers and not self.clients


@dataclass(frozen=True)
class Provenance:
    """Where, when and with what a result was measured, so that it can be quoted."""

    command: str
    began: datetime
    grpcdemo: str
    kubernetes: str
    istio: tuple[str, ...] | None
    """Versions of the running control planes; None if they could not be read."""
    context: str
    namespace: str
    sandbox: bool = False


@dataclass(frozen=True)
class Phase:
    """One half of the demo, and what was observed in it."""

    title: str
    observation: Observation


@dataclass(frozen=True)
class DemoResult:
    """Istio off and on, side by side."""

    before: Phase
    after: Phase
    seconds: float


@dataclass(frozen=True)
class Done:
    """What a step finished, in the past tense."""

    text: str
    rehearsed: bool = True
    """A dry run does not really do it."""


@dataclass(frozen=True)
class Waiting:
    """What a step waits for now; replaces the previous one."""

    text: str


@dataclass(frozen=True)
class Warned:
    """What the user should know although it is not an error, or could not be checked."""

    text: str


StepEvent = Done | Waiting | Warned
Reporter = Callable[[StepEvent], None]
"""How a step reports its progress: in words for people. Facts are in the step's result."""
