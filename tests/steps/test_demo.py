"""`demo`: the whole story, and nothing is left however it ends."""

import asyncio

import pytest

from grpcdemo.errors import Unauthorized, UnexpectedVerdict
from grpcdemo.kube.api import Api
from grpcdemo.model import Phase, Warned
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS
from grpcdemo.steps.demo import DemoConfig, demo
from grpcdemo.steps.up import UpConfig
from grpcdemo.verdict import Outcome
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Answer, refuse

from .events import Events

DEMO = "istio-grpc-demo"
CONFIG = DemoConfig(up=UpConfig())


async def test_pinned_then_balanced_then_gone(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    shown: list[Phase] = []
    result = await demo(cluster_api, CONFIG, events.append, shown.append)
    assert result.before.observation.verdict.outcome is Outcome.PINNED
    assert result.after.observation.verdict.outcome is Outcome.BALANCED
    assert {pod.ready_text for pod in result.before.observation.servers} == {"1/1"}
    assert {pod.ready_text for pod in result.after.observation.servers} == {"2/2"}
    assert list({phase.title: phase for phase in shown}.values()) == [result.before, result.after]
    assert DEMO not in cluster.names(NAMESPACES)


async def test_keep_leaves_the_demo(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    await demo(cluster_api, DemoConfig(up=UpConfig(), keep=True), events.append, lambda _: None)
    assert len(cluster.names(PODS, DEMO)) == 4


async def test_an_unexpected_verdict_is_cleaned_up(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.node.balances = True
    with pytest.raises(UnexpectedVerdict, match="expected pinned, saw balanced"):
        await demo(cluster_api, CONFIG, events.append, lambda _: None)
    assert DEMO not in cluster.names(NAMESPACES)


async def test_ctrl_c_is_cleaned_up_after(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    shown = asyncio.Event()
    running = asyncio.create_task(demo(cluster_api, CONFIG, events.append, lambda _: shown.set()))
    await shown.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert DEMO not in cluster.names(NAMESPACES)
    assert "is gone" in events.done


async def test_a_failed_cleanup_is_reported(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.node.balances = True

    def keep() -> None:
        cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=["example.com/keep"])

    cluster.faults.before("POST", DEPLOYMENTS.path(DEMO), keep)
    with pytest.raises(UnexpectedVerdict, match="saw balanced"):
        await demo(cluster_api, DemoConfig(up=UpConfig(), cleanup_s=0), events.append, lambda _: None)
    for text in ("cleaning up failed", "example.com/keep", "grpcdemo cleanup"):
        assert text in events.warned


@pytest.mark.parametrize(
    ("answers", "warnings"),
    [([refuse(401)], []), ([refuse(401), refuse(401), refuse(403, 'User "jane" cannot get resource')], [Warned])],
    ids=["same", "other"],
)
async def test_only_another_failure_of_the_cleanup_is_reported(
    cluster: HollowCluster, cluster_api: Api, events: Events, answers: list[Answer], warnings: list[type]
) -> None:
    """Expired credentials are loaded again once, hence two answers to the first request."""
    cluster.faults.on("GET", NAMESPACES.path(name=DEMO), *answers)
    with pytest.raises(Unauthorized):
        await demo(cluster_api, CONFIG, events.append, lambda _: None)
    assert [type(event) for event in events] == warnings
