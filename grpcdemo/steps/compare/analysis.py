"""From the clients' calls to a cure's numbers. Pure functions; times are seconds of the log's clock."""

from __future__ import annotations

import collections
import math
import statistics
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

from grpcdemo.model.comparison import Disturbance, Event, NewPod, Traffic, Window
from grpcdemo.model.observation import PERCENTILES, Slice, Timeline, add_counts
from grpcdemo.steps.compare.call_times import ClientLog, TimedCall, order_of
from grpcdemo.steps.compare.plan import Slot
from grpcdemo.verdict import Criteria, Outcome, Verdict, judge
from grpcdemo.verdict.evidence import out_of_tolerance

EVEN_S = 3.0
"""A share is counted over this long at least: in less, chance makes it uneven."""
SLICE_S = 0.5
"""Of the timeline."""


def window_of(
    slot: Slot,
    logs: Sequence[ClientLog],
    servers: Collection[str],
    *,
    warm_up_s: float,
    window_s: float,
    server_connections: Sequence[float] = (),
    startup_s: Sequence[float] = (),
) -> Window:
    """What one window counted: of each client, *window_s* from *warm_up_s* after its first answer on."""
    inside = {log.client: _inside(log, warm_up_s, window_s) for log in logs}
    traffic = traffic_of(inside, missed=sum(log.missed for log in logs))
    latencies = sorted(call.result.latency_ms for calls in inside.values() for call in calls if call.answered)
    return Window(
        number=slot.number,
        round=slot.round,
        traffic=traffic,
        verdict=verdict_of(traffic, servers),
        latency_ms={name: quantile(latencies, share) for name, share in PERCENTILES.items()} if latencies else {},
        client_connections=tuple(
            statistics.median(opened.open for _, opened in log.connections) for log in logs if log.connections
        ),
        server_connections=tuple(server_connections),
        startup_s=tuple(startup_s),
    )


def _inside(log: ClientLog, warm_up_s: float, window_s: float) -> list[TimedCall]:
    """Of a client that was never answered, all."""
    if log.first_answer is None:
        return list(log.calls)
    begin = log.first_answer + warm_up_s
    return log.between(begin, begin + window_s)


def traffic_of(by_client: Mapping[str, Sequence[TimedCall]], missed: int = 0) -> Traffic:
    return Traffic(
        by_client={
            client: dict(collections.Counter(call.result.pod or "" for call in calls if call.answered))
            for client, calls in by_client.items()
        },
        errors=dict(
            collections.Counter(call.result.code for calls in by_client.values() for call in calls if not call.answered)
        ),
        orders={client: order_of(calls) for client, calls in by_client.items()},
        missed=missed,
    )


def together(traffics: Iterable[Traffic]) -> Traffic:
    """Of several windows, each with clients of its own."""
    traffics = [*traffics]
    return Traffic(
        by_client={client: answers for one in traffics for client, answers in one.by_client.items()},
        errors=add_counts(one.errors for one in traffics),
        orders={client: order for one in traffics for client, order in one.orders.items()},
        missed=sum(one.missed for one in traffics),
    )


def verdict_of(traffic: Traffic, servers: Collection[str]) -> Verdict:
    """As of any calls, but a client that moves from pod to pod is pinned: at every moment it is on one.

    Whether calls that are cut into windows hold a move is chance, and so would be the verdict.
    """
    verdict = judge(traffic.by_client, servers, order=traffic.order)
    if verdict.outcome is Outcome.SKEWED and traffic.stays:
        return Verdict(Outcome.PINNED, "each client stays on one pod until it moves to another")
    return verdict


def clients_by_verdict(windows: Iterable[Window], servers: Collection[str]) -> dict[str, int]:
    """How many clients, each taken alone, have which verdict."""
    outcomes = [
        verdict_of(traffic, servers).outcome.value for window in windows for traffic in window.traffic.by_client_alone()
    ]
    return dict(collections.Counter(outcomes).most_common())


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that *share* of the *ordered* values do not exceed."""
    return ordered[math.floor(share * (len(ordered) - 1))]


def disturbance_of(event: Event, logs: Sequence[ClientLog], begin: float, end: float, zero: float) -> Disturbance:
    """What the clients felt from *begin* to *end*; *zero* is second 0."""
    calls = [call for log in logs for call in log.between(begin, end)]
    return Disturbance(
        event=event,
        begin_s=begin - zero,
        seconds=end - begin,
        calls=len(calls),
        errors=dict(collections.Counter(call.result.code for call in calls if not call.answered)),
        longest_gap_s=max((longest_gap_s(log.calls, begin, end) for log in logs), default=0.0),
    )


def longest_gap_s(calls: Iterable[TimedCall], begin: float, end: float) -> float:
    """The longest time between *begin* and *end* without an answer to one client; the edges count as answers."""
    answers = [begin, *(call.at for call in calls if call.answered and begin <= call.at < end), end]
    return max(right - left for left, right in pairwise(answers))


def new_pod_of(
    name: str, logs: Sequence[ClientLog], ready_at: float, end: float, pods: int, tolerance: float = Criteria.tolerance
) -> NewPod:
    """How long the pod *name*, one of *pods*, waited for its share of the calls from *ready_at* to *end*."""
    answers = sorted((call.at, call.result.pod) for log in logs for call in log.calls if call.answered)
    answers = [(at, pod) for at, pod in answers if ready_at <= at < end]
    first = next((at for at, pod in answers if pod == name), None)
    even = _even_from([at for at, _ in answers], [pod == name for _, pod in answers], end, pods, tolerance)
    return NewPod(
        name=name,
        watched_s=end - ready_at,
        first_call_s=None if first is None else max(0.0, first - ready_at),
        even_s=None if even is None else max(0.0, even - ready_at),
    )


def _even_from(times: Sequence[float], is_new: Sequence[bool], end: float, pods: int, tolerance: float) -> float | None:
    """From when on the share of the new pod is within *tolerance*: in the next EVEN_S, and in all that follows."""
    light, heavy = out_of_tolerance(tolerance)
    sums = [0, *accumulate(is_new)]

    def is_even(first: int, last: int) -> bool:
        calls = last - first
        answered = sums[last] - sums[first]
        return calls > answered and light <= answered * (pods - 1) / (calls - answered) <= heavy

    for at, time in enumerate(times):
        if time + EVEN_S > end:
            return None
        if is_new[at] and is_even(at, bisect_left(times, time + EVEN_S)) and is_even(at, len(times)):
            return time
    return None


def timeline_of(logs: Sequence[ClientLog], begin: float, end: float) -> Timeline:
    """Who answered when, over all clients."""
    count = max(1, math.ceil((end - begin) / SLICE_S))
    by_server: list[collections.Counter[str]] = [collections.Counter() for _ in range(count)]
    errors, followed, repeated = [0] * count, [0] * count, [0] * count
    for log in logs:
        last: str | None = None
        for call in log.between(begin, end):
            at = min(count - 1, int((call.at - begin) / SLICE_S))
            if not call.answered:
                errors[at] += 1
                continue
            by_server[at][call.result.pod or ""] += 1
            followed[at] += last is not None
            repeated[at] += last == call.result.pod
            last = call.result.pod
    slices = zip(by_server, errors, followed, repeated, strict=True)
    return Timeline(SLICE_S, tuple(Slice(dict(counts), *rest) for counts, *rest in slices), end - begin)
