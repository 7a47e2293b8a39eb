"""Comparisons to be shown."""

from dataclasses import replace

from grpcdemo.model.comparison import (
    Comparison,
    Cost,
    Course,
    CureResult,
    Disturbance,
    Event,
    NewPod,
    Setting,
    Traffic,
    Window,
    added_latency,
)
from grpcdemo.model.observation import Slice, Timeline
from grpcdemo.steps.compare.analysis import verdict_of
from grpcdemo.verdict import Order

from .samples import EVIL

SERVERS = ("grpc-server-a", "grpc-server-b", "grpc-server-c")
SETTING = Setting(
    servers=3,
    clients=2,
    rate=100.0,
    rounds=2,
    seed=1,
    window_s=4.0,
    expected_s=200.0,
    may_change=("client", "server", "cluster"),
)


def traffic(*counts: int, repeated: int = 0, errors: int = 0) -> Traffic:
    """Of one client, which got so many responses from each server."""
    answers = {name: count for name, count in zip(SERVERS, counts, strict=True) if count}
    failed = {"UNAVAILABLE": errors} if errors else {}
    return Traffic({"grpc-client-x": answers}, failed, {"grpc-client-x": Order(sum(counts) - 1, repeated)})


def windows(first: int, whole: Traffic, *latencies: float) -> tuple[Window, ...]:
    verdict = verdict_of(whole, SERVERS)
    return tuple(
        Window(
            number=first + 2 * at,
            round=at + 1,
            traffic=whole,
            verdict=verdict,
            latency_ms={"p50": latency, "p90": 2 * latency, "p99": 4 * latency},
            client_connections=(1.0,),
            server_connections=(1.0, 0.0, 0.0),
            startup_s=(1.25,),
        )
        for at, latency in enumerate(latencies)
    )


def course(first_call_s: float | None, failed: int = 0, gap_s: float = 0.3) -> Course:
    events = [
        Disturbance(Event.SCALE_UP, 1.0, 41.0, 8200, {}, 0.02),
        Disturbance(Event.CRASH, 42.0, 9.0, 1800, {"UNAVAILABLE": failed} if failed else {}, gap_s),
        Disturbance(Event.RESTART, 51.0, 12.0, 2400, {}, 0.1),
        Disturbance(Event.SCALE_DOWN, 63.0, 9.0, 1800, {}, 0.2),
    ]
    share = dict.fromkeys(SERVERS, 50)
    slices = tuple(Slice({**share, "grpc-server-d": 50} if at > 40 else share, int(at == 43)) for at in range(72))
    return Course(
        disturbances=tuple(events),
        new_pod=NewPod("grpc-server-d", 40.0, first_call_s, first_call_s and first_call_s + 0.5),
        traffic=traffic(200, 200, 200, repeated=0 if first_call_s else 599),
        traffic_s=40.0,
        timeline=Timeline(1.0, slices, 72.0),
        marks=tuple((one.event, one.begin_s) for one in events),
    )


def cure(
    name: str, changes: tuple[str, ...], whole: Traffic, measured: tuple[Window, ...], **fields: object
) -> CureResult:
    verdict = verdict_of(whole, SERVERS)
    result = CureResult(name, f"what {name} does", changes, measured, whole, verdict, {verdict.outcome.value: 2})
    return replace(result, **fields)  # type: ignore[arg-type]  # any of its fields


NONE = cure(
    "none", (), traffic(800, 0, 0, repeated=799), windows(0, traffic(800, 0, 0), 0.8, 0.9, 0.7), course=course(None)
)
EVEN = traffic(270, 265, 265, repeated=0)
HEADLESS = cure(
    "headless",
    ("client", "cluster"),
    EVEN,
    windows(1, EVEN, 0.8, 0.85),
    added_ms=added_latency(windows(1, EVEN, 0.8, 0.85), NONE.windows),
    course=course(31.2, failed=12, gap_s=2.1),
)
SIDECAR = cure(
    "sidecar",
    ("cluster",),
    EVEN,
    windows(1, EVEN, 1.4, 1.5),
    added_ms=added_latency(windows(1, EVEN, 1.4, 1.5), NONE.windows),
    course=course(0.1, failed=1),
    cost=Cost(5, 5 * 50 * 2**20, 0.12),
)
MOVING = traffic(270, 265, 265, repeated=790)
AGE = cure(
    "age",
    ("server",),
    MOVING,
    windows(1, MOVING, 0.9),
    course=replace(course(2.4), traffic=traffic(200, 200, 201, repeated=592), skipped={Event.CRASH: "may not"}),
)
UNABLE = CureResult("envoy", "a proxy in the middle", ("cluster",), failure="no Envoy image is known here")
COMPARISON = Comparison(SETTING, (NONE, HEADLESS, AGE, SIDECAR, UNABLE), 212.4, complete=True)
BASELINE_ONLY = Comparison(replace(SETTING, rounds=1), (replace(NONE, course=None),), 20.0, complete=False)
HOSTILE = Comparison(
    SETTING,
    (NONE, replace(HEADLESS, name=EVIL, summary=EVIL, cost_unknown=EVIL), replace(UNABLE, failure=EVIL)),
    1.0,
    True,
)
COMPARISONS = {"whole": COMPARISON, "ended": BASELINE_ONLY, "hostile": HOSTILE}
