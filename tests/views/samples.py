"""What a cluster with the demo in it would be read as."""

from dataclasses import replace
from datetime import datetime, timezone
from random import Random
from typing import Any

from grpcdemo.model.istio import Injection, Injector, IstioStatus
from grpcdemo.model.observation import BlindTime, Observation, Slice, Tally, Timeline
from grpcdemo.model.pods import Pod, ProxyKind, Status, Workload
from grpcdemo.model.result import Provenance
from grpcdemo.model.target import Target
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.histogram import Histogram
from grpcdemo.steps.observe.record import Record
from grpcdemo.steps.observe.timeline import FIRST_S
from grpcdemo.verdict import Outcome, Verdict, judge
from grpcdemo.views.glyphs import regroup
from grpcdemo.workload.call_log import Result

DEMO = "istio-grpc-demo"
TARGET = Target("kind-kind", "https://127.0.0.1:40505", implied=True, local=True)
LATENCY = {"p50": 0.84, "p90": 1.25, "p99": 12.6}


def pod(app: str, suffix: str, number: int, proxy: ProxyKind | None = None, **changed: Any) -> Pod:
    containers = 2 if proxy else 1
    fields: dict[str, Any] = {
        "name": f"{app}-7d4b9c8f6-{suffix}",
        "uid": f"uid-{suffix}",
        "app": app,
        "status": "Running",
        "ready_containers": containers,
        "containers": containers,
        "restarts": 0,
        "ip": f"10.244.1.{number}",
        "node": "kind-worker",
        "proxy": proxy,
        "ready": True,
        "deleting": False,
        "finished": False,
    }
    return Pod(**{**fields, **changed})


def servers(proxy: ProxyKind | None = None) -> tuple[Pod, ...]:
    return tuple(pod("grpc-server", suffix, 7 + at, proxy) for at, suffix in enumerate(("2xk4p", "b7wzn", "x2x8k")))


def clients(*suffixes: str, proxy: ProxyKind | None = None) -> tuple[Pod, ...]:
    return tuple(pod("grpc-client", suffix, 20 + at, proxy) for at, suffix in enumerate(suffixes or ("9qv5m",)))


def observation(
    *counts: dict[str, int],
    proxy: ProxyKind | None = None,
    departed: dict[str, str] | None = None,
    windows: int = 1,
    timeline: Timeline | None = None,
    **tally: Any,
) -> Observation:
    """An observation whose clients counted these responses, by the ends of the servers' names."""
    watching = clients(*("9qv5m", "hh2lc")[: max(1, len(counts))], proxy=proxy)
    by_client = {
        client.name: {f"grpc-server-7d4b9c8f6-{end}": number for end, number in answered.items()}
        for client, answered in zip(watching, counts, strict=False)
    }
    total = sum(sum(answered.values()) for answered in counts)
    latency = LATENCY if total else {}
    histogram = Histogram()
    for number in range(total):
        histogram.add(0.5 + number % 7 * number % 11 / 8)
    answering = servers(proxy)
    return Observation(
        servers=answering,
        clients=watching,
        tally=Tally(responses=total, by_client=by_client, latency_ms=latency, seconds=total / 20, **tally),
        verdict=judge(by_client, [server.name for server in answering]),
        windows=windows,
        departed=departed or {},
        timeline=timeline or Timeline(),
        latencies=histogram.bins(),
    )


def timeline(*phases: tuple[int, str]) -> Timeline:
    """For so many slices, calls to each pod in turn: those of the letters `a`, `b`, `c` are there, others gone."""
    ends = dict(zip("abc", ("2xk4p", "b7wzn", "x2x8k"), strict=True))
    record = Record(0.0)
    at = 0
    for length, pods in phases:
        record.begin_window(at // 10 * FIRST_S)
        for letter in (pods * length * 10)[: length * 10]:
            name = f"grpc-server-7d4b9c8f6-{ends[letter]}" if letter in ends else f"grpc-server-58f6c9d4b7-{letter * 5}"
            record.add(Batch("x", [Result("OK", name, None, 1.0, None)], at // 10 * FIRST_S))
            at += 1
    return record.timeline.timeline(at // 10 * FIRST_S - FIRST_S / 10)


def crowd(*, pinned: bool, clients: int = 1) -> Observation:
    """A hundred servers; each client pinned to one of them, or all of them asked in turn."""
    servers = tuple(
        pod("grpc-server", f"{number:05d}", number, "container", ready=number != 99) for number in range(100)
    )
    watching = tuple(pod("grpc-client", f"{number:05d}", 100 + number) for number in range(clients))
    by_client = {
        client.name: {servers[at * 7 % 99].name: 3600} if pinned else {server.name: 36 for server in servers[:99]}
        for at, client in enumerate(watching)
    }
    total = sum(sum(answered.values()) for answered in by_client.values())
    return Observation(
        servers=servers,
        clients=watching,
        tally=Tally(responses=total, by_client=by_client, latency_ms=LATENCY, seconds=60.0),
        verdict=judge(by_client, [server.name for server in servers[:99]]),
    )


def measured(number: int, *, pinned: bool, clients: int = 1) -> Observation:
    """Half a minute with so many servers: the clients pinned, or their calls spread at random by proxies."""
    random = Random(4)
    proxy: ProxyKind | None = None if pinned else "native sidecar"
    servers = tuple(pod("grpc-server", f"s{at:04d}", 7 + at, proxy) for at in range(number))
    watching = tuple(pod("grpc-client", f"c{at:04d}", 7 + number + at, proxy) for at in range(clients))
    record, histogram = Record(0.0), Histogram()
    by_client: dict[str, dict[str, int]] = {client.name: {} for client in watching}
    for at in range(1500):
        client = at % clients
        server = servers[client * 5 % number if pinned else random.randrange(number)].name
        latency_ms = random.lognormvariate(0.5 if pinned else 0.9, 0.5)
        record.add(Batch(watching[client].name, [Result("OK", server, None, latency_ms, None)], at / 50))
        histogram.add(latency_ms)
        answered = by_client[watching[client].name]
        answered[server] = answered.get(server, 0) + 1
    return Observation(
        servers=servers,
        clients=watching,
        tally=Tally(responses=1500, by_client=by_client, latency_ms=LATENCY, seconds=30.0),
        verdict=judge(by_client, [server.name for server in servers]),
        timeline=record.timeline.timeline(29.98),
        latencies=histogram.bins(),
    )


PINNED = observation({"b7wzn": 60}, timeline=timeline((6, "b")))
BALANCED = observation(
    {"2xk4p": 88, "b7wzn": 80, "x2x8k": 83},
    proxy="native sidecar",
    windows=2,
    timeline=timeline((10, "z"), (12, "abcbacacb")),
)


WHY_BLIND = "cannot get pods/log: dial tcp 10.0.0.2:10250: connect: connection refused"
BLIND = replace(
    PINNED,
    timeline=Timeline(1.0, (*regroup(PINNED.timeline, 3).slices, *(Slice(),) * 17), 20.0),
    tally=replace(PINNED.tally, seconds=20.0, blind_seconds=17.0, unread_by_client={PINNED.clients[0].name: 17.0}),
    verdict=Verdict(Outcome.INCONCLUSIVE, f"blind to {PINNED.clients[0].name}: {WHY_BLIND}"),
    blind=(BlindTime(PINNED.clients[0].name, 3.0, 20.0, "unreadable", WHY_BLIND),),
)

WHOLE = (Workload("grpc-server", 3, 3), Workload("grpc-client", 1, 1))
NONE = (Workload("grpc-server", None), Workload("grpc-client", None))


def status(**changed: Any) -> Status:
    fields: dict[str, Any] = {
        "target": TARGET,
        "kubernetes": "v1.34.0",
        "namespace": DEMO,
        "phase": "Active",
        "owned": True,
        "labels": {"istio-injection": "disabled"},
        "pods": (*clients(), *servers()),
        "workloads": WHOLE,
    }
    return Status(**{**fields, **changed})


def istio_status(injection: Injection, **changed: Any) -> IstioStatus:
    fields: dict[str, Any] = {
        "namespace": DEMO,
        "injection": injection,
        "versions": ("1.31.0",),
        "pods": (),
        "workloads": WHOLE,
    }
    return IstioStatus(**{**fields, **changed})


def injection(*injectors: Injector, revision: str | None = None, ambient: bool = False, **labels: str) -> Injection:
    named = {name.replace("_", "-"): value for name, value in labels.items()}
    return Injection(injectors=injectors, labels=named, revision=revision, ambient=ambient)


PROVENANCE = Provenance(
    command="grpcdemo observe --requests 100",
    began=datetime(2026, 5, 4, 10, 11, 12, tzinfo=timezone.utc),
    grpcdemo="0.1.0",
    kubernetes="v1.34.0",
    istio=("1.31.0",),
    context="kind-kind",
    namespace=DEMO,
)
EVIL = "<script>alert('&\"|`*_[x](y)~#\x1b[31m\u202e"
"""A name that a log could hold, in which every character means something to some reader."""
HOSTILE = observation(
    {"b7wzn": 12, EVIL: 3},
    {"b7wzn": 1},
    departed={f"grpc-server-7d4b9c8f6-{EVIL}": EVIL},
    errors={"UNAVAILABLE": 1},
    timeline=Timeline(0.5, (Slice({f"grpc-server-7d4b9c8f6-{EVIL}": 3, "": 2}, errors=1, windows=1),) * 3, 1.5),
)
HOSTILE_PROVENANCE = replace(PROVENANCE, command=f"grpcdemo observe --report {EVIL}", istio=None)
