"""The whole comparison on a hollow cluster, and nothing is left however it ends."""

import asyncio
import dataclasses

import pytest

from grpcdemo.cures import find_cure
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.model.comparison import Comparison, Event
from grpcdemo.model.progress import Done, StepEvent, Waiting
from grpcdemo.resources.resource import NAMESPACES
from grpcdemo.steps.compare import CompareConfig, Results, compare, rehearse
from grpcdemo.steps.compare.config import Timing
from grpcdemo.verdict import Outcome
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.hollow_node import HISTORY, NOT_READY, READY
from tests.kube.conftest import api, script
from tests.steps.conftest import cluster, cluster_api, events
from tests.steps.events import Events

__all__ = ["api", "cluster", "cluster_api", "events", "script"]

TIMING = Timing(warm_up_s=0.0, window_s=0.02, new_pod_s=0.02, settle_s=0.01)
CONFIG = CompareConfig(cures=(find_cure("none"), find_cure("headless")), rounds=1, rate=10_000, timing=TIMING)


def ours(cluster: HollowCluster) -> list[str]:
    return [name for name in cluster.names(NAMESPACES) if "-compare-" in name]


async def test_each_cure_is_judged_and_nothing_is_left(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    comparison = await compare(cluster_api, CONFIG, Results(), events.append)
    none, headless = comparison.cures
    assert none.verdict is not None
    assert headless.verdict is not None
    assert (none.verdict.outcome, headless.verdict.outcome) == (Outcome.PINNED, Outcome.BALANCED)
    assert [window.number for window in none.windows] == [0, 2]
    assert [window.number for window in headless.windows] == [1]
    assert headless.added_ms["p50"].pairs == 1
    assert none.course is not None
    assert [one.event for one in none.course.disturbances] == [Event.SCALE_UP, Event.RESTART, Event.SCALE_DOWN]
    assert [*none.course.skipped] == [Event.CRASH]
    assert none.course.new_pod is not None
    assert comparison.complete
    assert ours(cluster) == []


async def test_it_says_what_it_does_and_how_long_that_takes(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    await rehearse(cluster_api, CONFIG, events.append)
    assert ours(cluster) == []
    said = [event.text for event in events if isinstance(event, Done)]
    assert said[0].startswith("2 cures, 3 windows in 1 round (order from seed 1): about ")


async def interrupted(api: Api, moment: str) -> Comparison:
    """What a comparison has measured that Ctrl-C ends as soon as it waits for *moment*."""
    results, reached = Results(), asyncio.Event()

    def report(event: StepEvent) -> None:
        if isinstance(event, Waiting) and moment in event.text:
            reached.set()

    running = asyncio.create_task(compare(api, CONFIG, results, report))
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert results.comparison is not None
    return results.comparison


async def test_ctrl_c_keeps_what_was_measured(cluster: HollowCluster, cluster_api: Api) -> None:
    comparison = await interrupted(cluster_api, "window 3")
    assert [len(cure.windows) for cure in comparison.cures] == [1, 1]
    assert not comparison.complete
    assert ours(cluster) == []


async def test_ctrl_c_keeps_the_changes_that_are_over(cluster: HollowCluster, cluster_api: Api) -> None:
    comparison = await interrupted(cluster_api, "restart of headless")
    courses = [cure.course for cure in comparison.cures]
    assert [course and [one.event for one in course.disturbances] for course in courses] == [
        [Event.SCALE_UP, Event.RESTART, Event.SCALE_DOWN],
        [Event.SCALE_UP],
    ]
    assert ours(cluster) == []


async def test_a_cure_that_fails_is_a_row_that_says_why(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    taken = dataclasses.replace(find_cure("headless"), name="taken", contrast=True)
    cluster.create_namespace(CONFIG.namespace_of(taken))
    config = dataclasses.replace(CONFIG, cures=(CONFIG.cures[0], taken))
    comparison = await compare(cluster_api, config, Results(), events.append)
    none, failed = comparison.cures
    assert none.verdict is not None
    assert failed.verdict is None
    assert failed.contrast
    assert not none.contrast
    assert failed.failure == "namespace istio-grpc-demo-compare-taken exists, and grpcdemo did not create it"
    assert ours(cluster) == [CONFIG.namespace_of(taken)]


async def test_clients_that_never_get_an_answer_say_what_grpc_says(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.node.calls_fail = True
    cluster.node.behavior = lambda pod: NOT_READY if pod["metadata"]["labels"]["app"] == "grpc-client" else READY
    config = dataclasses.replace(CONFIG, timeout_s=0.2)
    with pytest.raises(GrpcdemoError, match=f"^calls fail: UNAVAILABLE: attempt {HISTORY}$"):
        await compare(cluster_api, config, Results(), events.append)
