"""`demo`: the whole story, and that nothing is left of it however it ends."""

from __future__ import annotations

import asyncio

import pytest

from grpcdemo.errors import Unauthorized, UnexpectedVerdict
from grpcdemo.kube.api import Api
from grpcdemo.model import Phase, StepEvent, Warned
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS
from grpcdemo.steps.demo import DemoConfig, demo
from grpcdemo.steps.up import UpConfig
from grpcdemo.verdict import Outcome
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Script, refuse

from .told import done

DEMO = "istio-grpc-demo"
CONFIG = DemoConfig(up=UpConfig())


async def test_pinned_then_balanced_then_gone(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    shown: list[Phase] = []
    result = await demo(cluster_api, CONFIG, events.append, shown.append)
    assert result.before.observation.verdict.outcome is Outcome.PINNED
    assert result.after.observation.verdict.outcome is Outcome.BALANCED
    assert {pod.ready_text for pod in result.before.observation.servers} == {"1/1"}
    assert {pod.ready_text for pod in result.after.observation.servers} == {"2/2"}
    assert list({phase.title: phase for phase in shown}.values()) == [result.before, result.after]
    assert DEMO not in cluster.names(NAMESPACES)


async def test_it_is_left_where_that_is_wanted(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    await demo(cluster_api, DemoConfig(up=UpConfig(), keep=True), events.append, lambda _: None)
    assert len(cluster.names(PODS, DEMO)) == 4


async def test_a_story_that_goes_otherwise_is_cleaned_up_too(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.node.balances = True
    with pytest.raises(UnexpectedVerdict, match="expected pinned, saw balanced"):
        await demo(cluster_api, CONFIG, events.append, lambda _: None)
    assert DEMO not in cluster.names(NAMESPACES)


async def test_ctrl_c_is_cleaned_up_after(cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]) -> None:
    watching = asyncio.Event()
    telling = asyncio.create_task(demo(cluster_api, CONFIG, events.append, lambda _: watching.set()))
    await watching.wait()
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert DEMO not in cluster.names(NAMESPACES)
    assert "is gone" in done(events)


async def test_a_cleanup_that_fails_too_is_told_with_the_reason(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.node.balances = True

    def keep() -> None:
        cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=["example.com/keep"])

    cluster.faults.before("POST", DEPLOYMENTS.path(DEMO), keep)
    with pytest.raises(UnexpectedVerdict, match="saw balanced"):
        await demo(cluster_api, DemoConfig(up=UpConfig(), cleanup_s=0.05), events.append, lambda _: None)
    (warning,) = [event.text for event in events if isinstance(event, Warned)]
    assert "cleaning up failed" in warning
    assert "example.com/keep" in warning
    assert "grpcdemo cleanup" in warning


async def test_a_cleanup_that_fails_for_the_same_reason_adds_nothing(
    script: Script, api: Api, events: list[StepEvent]
) -> None:
    script.on("GET", "/api/v1/namespaces/istio-grpc-demo", refuse(401))
    with pytest.raises(Unauthorized):
        await demo(api, CONFIG, events.append, lambda _: None)
    assert events == []


async def test_a_cleanup_that_fails_for_another_reason_is_reported(
    script: Script, api: Api, events: list[StepEvent]
) -> None:
    forbidden = refuse(403, 'User "jane" cannot get resource "namespaces"')
    script.on(
        "GET", "/api/v1/namespaces/istio-grpc-demo", refuse(401), refuse(401), forbidden
    )  # new credentials are tried once
    with pytest.raises(Unauthorized):
        await demo(api, CONFIG, events.append, lambda _: None)
    assert [type(event) for event in events] == [Warned]
