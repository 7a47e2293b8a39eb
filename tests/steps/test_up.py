"""`up`: making the demo, meeting what is there already, and saying at once why it cannot be."""

from __future__ import annotations

import asyncio
import copy
import json

import pytest

from grpcdemo.errors import Conflict, GrpcdemoError
from grpcdemo.kube.api import Api
from grpcdemo.kube.namespace import LABELS_BEFORE
from grpcdemo.model import StepEvent, Waiting
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from tests.resources.samples import Object, waiting

from .cluster import Cluster
from .told import done, is_dry

DEMO = "istio-grpc-demo"
EXITED = {"terminated": {"exitCode": 7}}


async def test_everything_is_made_and_ready(cluster: Cluster, cluster_api: Api, events: list[StepEvent]) -> None:
    pods = await up(cluster_api, UpConfig(servers=2, clients=1), events.append)
    assert sorted((pod.app, pod.ready_text, pod.proxy) for pod in pods) == [
        ("grpc-client", "1/1", None),
        ("grpc-server", "1/1", None),
        ("grpc-server", "1/1", None),
    ]
    assert cluster.labels(DEMO) == {"app.kubernetes.io/managed-by": "grpcdemo", "istio-injection": "disabled"}
    assert cluster.store.names("services", DEMO) == ["grpc-server"]
    assert f"namespace {DEMO} created" in done(events)
    assert "grpc-server 2/2 ready" in done(events)


async def test_a_second_time_nothing_changes(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    before = cluster.store.names("pods", DEMO)
    await up(demo_api, UpConfig(), events.append)
    assert cluster.store.names("pods", DEMO) == before
    assert cluster.restarts() == []
    assert "Deployment grpc-server unchanged" in done(events)


async def test_a_second_time_with_other_wishes(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    pods = await up(demo_api, UpConfig(servers=5), events.append)
    assert sum(pod.app == "grpc-server" for pod in pods) == 5
    assert "Deployment grpc-server changed" in done(events)


async def test_pods_with_a_proxy_lose_it(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    await switch(demo_api, SwitchConfig(on=True), events.append)
    cluster.store.asked.clear()
    pods = await up(demo_api, UpConfig(), events.append)
    assert not any(pod.proxy for pod in pods)
    assert sorted(cluster.restarts()) == ["grpc-client", "grpc-server"]
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"


async def test_a_namespace_of_others_is_lent(cluster: Cluster, cluster_api: Api, events: list[StepEvent]) -> None:
    cluster.add_namespace(DEMO, labels={"team": "x", "istio.io/rev": "canary"})
    await up(cluster_api, UpConfig(), events.append)
    assert cluster.labels(DEMO) == {"team": "x", "istio-injection": "disabled"}
    annotations = cluster.store.get("namespaces", "", DEMO)["metadata"]["annotations"]
    assert json.loads(annotations[LABELS_BEFORE]) == {"istio-injection": None, "istio.io/rev": "canary"}


async def test_others_in_a_lent_namespace_are_not_relabelled(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.add_namespace(DEMO)
    cluster.store.put("statefulsets", DEMO, {"metadata": {"name": "database"}})
    with pytest.raises(GrpcdemoError, match="statefulsets/database") as caught:
        await up(cluster_api, UpConfig(), events.append)
    assert "--yes" in str(caught.value.hint)
    assert cluster.store.changes == []
    await up(cluster_api, UpConfig(shared=True), events.append)
    assert cluster.labels(DEMO) == {"istio-injection": "disabled"}


async def test_a_service_of_others_is_not_taken_over(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.add_namespace(DEMO, labels={"istio-injection": "disabled"})
    theirs = cluster.store.put(
        "services", DEMO, {"metadata": {"name": "grpc-server"}, "spec": {"selector": {"app": "x"}}}
    )
    with pytest.raises(Conflict, match=r"Service grpc-server exists .* grpcdemo did not create it"):
        await up(cluster_api, UpConfig(), events.append)
    assert cluster.store.get("services", DEMO, "grpc-server") == theirs
    assert not [found for found in cluster.store.changes if found.method == "PATCH"]


@pytest.mark.parametrize("there", [False, True])
async def test_a_dry_run_changes_nothing(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent], there: bool
) -> None:
    if there:
        cluster.add_namespace(DEMO)
    before = copy.deepcopy(cluster.store.objects)
    cluster_api.dry_run = True
    assert await up(cluster_api, UpConfig(), events.append) == []
    assert cluster.store.changes
    assert all(is_dry(change) for change in cluster.store.changes)
    assert cluster.store.objects == before
    assert "Deployment grpc-client created" in done(events)


async def test_a_namespace_that_is_going_is_waited_for(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.add_namespace(DEMO, deletionTimestamp="2026-05-04T10:00:00Z", finalizers=["kubernetes"])
    seen = asyncio.Event()

    def report(event: StepEvent) -> None:
        events.append(event)
        if isinstance(event, Waiting):
            seen.set()

    upping = asyncio.create_task(up(cluster_api, UpConfig(), report))
    await seen.wait()
    assert cluster.store.changes == []
    cluster.store.remove("namespaces", "", DEMO)
    assert len(await upping) == 4


@pytest.mark.parametrize(
    "trouble, message, hint",
    [
        (waiting("c", "ErrImagePull", image="localhost/grpcdemo-server:0"), "cannot pull image", "images build"),
        (waiting("c", "CreateContainerConfigError", "no secret"), "cannot start: no secret", "None"),
        (
            waiting("c", "CrashLoopBackOff", lastState=EXITED),
            r"exit code 7.*: first \| last",
            "--container c --previous",
        ),
    ],
)
async def test_a_pod_that_will_never_be_ready_is_told_at_once(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent], trouble: Object, message: str, hint: str
) -> None:
    cluster.trouble = trouble
    with pytest.raises(GrpcdemoError, match=message) as caught:
        await up(cluster_api, UpConfig(servers=1, timeout_s=3600), events.append)
    assert hint in str(caught.value.hint)


async def test_pods_that_may_not_be_made_are_told_at_once(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.refused_pods = 'pods "x" is forbidden: exceeded quota: small'
    with pytest.raises(GrpcdemoError, match="exceeded quota: small") as caught:
        await up(cluster_api, UpConfig(timeout_s=3600), events.append)
    assert "ResourceQuota" in str(caught.value.hint)


async def test_a_pod_that_finds_no_node_is_given_some_time(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.conditions = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}
    ]
    with pytest.raises(GrpcdemoError, match="is unschedulable: Insufficient cpu"):
        await up(cluster_api, UpConfig(timeout_s=3600, unschedulable_s=0.0), events.append)


async def test_out_of_time_says_what_was_waited_for(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.trouble = waiting("c", "ContainerCreating")
    with pytest.raises(
        GrpcdemoError, match=r"still waiting for grpc-server 0/1 ready, grpc-client 0/1 ready: pod grpc-"
    ):
        await up(cluster_api, UpConfig(servers=1, timeout_s=0.05), events.append)
