"""`up`: creates the demo, updates one that exists, and says at once why it cannot."""

import asyncio
import json
from typing import Any

import pytest

from grpcdemo.errors import Conflict, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.namespace import LABELS_BEFORE
from grpcdemo.kube.demo.settings import Settings
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, NAMESPACES, NODES, PODS, SERVICES
from grpcdemo.sandbox.api.status import forbidden
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.hollow_node import CRASHING, NAME, READY, Behavior, waiting
from tests.fakes.script import refuse, reply

from .events import Events, is_dry

DEMO = "istio-grpc-demo"


async def test_everything_is_created_and_ready(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    pods = await up(cluster_api, UpConfig(wanted=Settings(servers=2, clients=1)), events.append)
    assert sorted((pod.app, pod.ready_text, pod.proxy) for pod in pods) == [
        ("grpc-client", "1/1", None),
        ("grpc-server", "1/1", None),
        ("grpc-server", "1/1", None),
    ]
    assert cluster.labels(DEMO) == {"app.kubernetes.io/managed-by": "grpcdemo", "istio-injection": "disabled"}
    assert cluster.names(SERVICES, DEMO) == ["grpc-server"]
    assert f"namespace {DEMO} created" in events.done
    assert "grpc-server 2/2 ready" in events.done


async def test_a_second_time_nothing_changes(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    before = cluster.names(PODS, DEMO)
    await up(demo_api, UpConfig(), events.append)
    assert cluster.names(PODS, DEMO) == before
    assert cluster.restarts() == []
    assert "Deployment grpc-server unchanged" in events.done


async def test_a_second_time_with_more_servers(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    pods = await up(demo_api, UpConfig(wanted=Settings(servers=5)), events.append)
    assert sum(pod.app == "grpc-server" for pod in pods) == 5
    assert "Deployment grpc-server changed" in events.done


async def test_what_was_switched_on_stays_on(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    """Also a size that was not asked for now; no pod that is there restarts."""
    await up(demo_api, UpConfig(wanted=Settings(clients=2)), events.append)
    before = {pod.name for pod in await switch(demo_api, SwitchConfig(on=True), events.append)}
    cluster.faults.asked.clear()
    pods = await up(demo_api, UpConfig(wanted=Settings(servers=5)), events.append)
    assert all(pod.proxy for pod in pods)
    assert (len(pods), before < {pod.name for pod in pods}) == (7, True)
    assert cluster.restarts() == []
    assert cluster.labels(DEMO)["istio-injection"] == "enabled"


async def test_afresh_pods_with_a_proxy_lose_it(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    await switch(demo_api, SwitchConfig(on=True), events.append)
    cluster.faults.asked.clear()
    pods = await up(demo_api, UpConfig(afresh=True), events.append)
    assert not any(pod.proxy for pod in pods)
    assert sorted(cluster.restarts()) == ["grpc-client", "grpc-server"]
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"


async def test_a_shared_namespace_keeps_its_labels(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO, labels={"team": "x", "istio.io/rev": "canary"})
    await up(cluster_api, UpConfig(), events.append)
    assert cluster.labels(DEMO) == {"team": "x", "istio-injection": "disabled"}
    annotations = cluster.store.get(NAMESPACES, "", DEMO)["metadata"]["annotations"]
    assert json.loads(annotations[LABELS_BEFORE]) == {"istio-injection": None, "istio.io/rev": "canary"}


async def test_others_need_consent_to_a_relabeling(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO)
    path = f"/apis/apps/v1/namespaces/{DEMO}/statefulsets"
    cluster.faults.on("GET", path, reply({"items": [{"metadata": {"name": "database"}}]}))
    with pytest.raises(GrpcdemoError, match="statefulsets/database") as caught:
        await up(cluster_api, UpConfig(), events.append)
    assert "--allow-shared-namespace" in str(caught.value.hint)
    assert cluster.faults.changes == []
    await up(cluster_api, UpConfig(shared=True), events.append)
    assert cluster.labels(DEMO) == {"istio-injection": "disabled"}


async def test_a_foreign_service_is_a_conflict(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO, labels={"istio-injection": "disabled"})
    theirs = cluster.create(SERVICES, DEMO, "grpc-server", spec={"selector": {"app": "x"}, "ports": [{"port": 1}]})
    with pytest.raises(Conflict, match=r"Service grpc-server exists .* grpcdemo did not create it"):
        await up(cluster_api, UpConfig(), events.append)
    assert cluster.store.get(SERVICES, DEMO, "grpc-server") == theirs
    assert not [change for change in cluster.faults.changes if change.method == "PATCH"]


@pytest.mark.parametrize("there", [False, True])
async def test_a_dry_run_changes_nothing(cluster: HollowCluster, dry_api: Api, events: Events, there: bool) -> None:
    if there:
        cluster.create_namespace(DEMO)
    await cluster.settle()
    before = cluster.store.version
    assert await up(dry_api, UpConfig(), events.append) == []
    assert cluster.faults.changes
    assert all(is_dry(change) for change in cluster.faults.changes)
    assert cluster.store.version == before
    assert "Deployment grpc-client created" in events.done


async def test_a_terminating_namespace_is_waited_for(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO, finalizers=["example.com/keep"])
    cluster.delete_namespace(DEMO)
    applying = asyncio.create_task(up(cluster_api, UpConfig(), events.append))
    await events.until_waiting_for(DEMO)
    assert cluster.faults.changes == []
    cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=[])
    assert len(await applying) == 4


@pytest.mark.parametrize(
    ("behavior", "message", "hint"),
    [
        (waiting("ErrImagePull"), "cannot pull image localhost/grpcdemo-", "images build"),
        (waiting("CreateContainerConfigError", "no secret"), "cannot start: no secret", "None"),
        (CRASHING, r"exit code 7.*: first \| last", "--previous"),
    ],
)
async def test_a_stuck_pod_fails_at_once(
    cluster: HollowCluster, cluster_api: Api, events: Events, behavior: Behavior, message: str, hint: str
) -> None:
    cluster.node.behavior = lambda pod: behavior
    with pytest.raises(GrpcdemoError, match=message) as caught:
        await up(cluster_api, UpConfig(wanted=Settings(servers=1), timeout_s=3600), events.append)
    assert hint in str(caught.value.hint)


async def test_the_nodes_tell_how_to_load_a_missing_image(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.node.behavior = lambda pod: waiting("ErrImagePull")
    cluster.set_metadata(NODES, "", NAME, labels={"minikube.k8s.io/name": "team", "kubernetes.io/os": "linux"})
    with pytest.raises(GrpcdemoError) as caught:
        await up(cluster_api, UpConfig(wanted=Settings(servers=1), timeout_s=3600), events.append)
    assert "`grpcdemo images load`" in str(caught.value.hint)


async def test_refused_pods_fail_at_once(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.refuse_pods(forbidden(PODS, "x", "exceeded quota: small"))
    with pytest.raises(GrpcdemoError, match="exceeded quota: small") as caught:
        await up(cluster_api, UpConfig(timeout_s=3600), events.append)
    assert "ResourceQuota" in str(caught.value.hint)


def wants_ssd(pod: Object) -> None:
    """No node has what the pod asks for, yet."""
    pod["spec"].update(nodeSelector={"disk": "ssd"})


async def test_a_node_may_come_later(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.policy = wants_ssd
    applying = asyncio.create_task(up(cluster_api, UpConfig(slow_s=0.0), events.append))
    await events.until_waiting_for("is unschedulable: 0/1 nodes are available")
    cluster.set_metadata(NODES, "", NAME, labels={"disk": "ssd", "kubernetes.io/os": "linux"})
    assert len(await applying) == 4


async def test_the_timeout_names_what_the_scheduler_says(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.policy = wants_ssd
    with pytest.raises(GrpcdemoError, match=r"^timed out after 0s waiting .* is unschedulable: 0/1 nodes") as caught:
        await up(cluster_api, UpConfig(timeout_s=0), events.append)
    assert "labels that the pods select" in str(caught.value.hint)


def scale_up(pod: str, reason: str, message: str) -> dict[str, Any]:
    metadata = {"name": f"{pod}.{reason}"}
    involved = {"kind": "Pod", "name": pod, "namespace": DEMO}
    return {"metadata": metadata, "involvedObject": involved, "type": "Normal", "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("reason", "message", "hint"),
    [
        ("TriggeredScaleUp", "pod triggered scale-up: [{pool 1->2 (max: 3)}]", "wait longer"),
        ("Nominated", "Pod should schedule on: nodeclaim/default-x", "wait longer"),
        (
            "NotTriggerScaleUp",
            "pod didn't trigger scale-up: 1 max node group size reached",
            "labels that the pods select",
        ),
    ],
)
async def test_what_the_autoscaler_says_is_passed_on(
    cluster: HollowCluster, cluster_api: Api, events: Events, reason: str, message: str, hint: str
) -> None:
    cluster.policy = wants_ssd
    with pytest.raises(GrpcdemoError):
        await up(cluster_api, UpConfig(timeout_s=0), events.append)
    await cluster.settle()
    said = [scale_up(name, reason, message) for name in cluster.names(PODS, DEMO)]
    cluster.faults.on("GET", EVENTS.path(DEMO), reply({"metadata": {}, "items": said}))
    with pytest.raises(GrpcdemoError) as caught:
        await up(cluster_api, UpConfig(timeout_s=0), events.append)
    assert f"the autoscaler: {message}" in caught.value.message
    assert hint in str(caught.value.hint)


async def test_unreadable_events_do_not_hide_the_timeout(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.faults.on("GET", EVENTS.path(DEMO), refuse(403, 'User "jane" cannot list resource "events"'))
    cluster.policy = wants_ssd
    with pytest.raises(GrpcdemoError, match=r"waiting .* is unschedulable"):
        await up(cluster_api, UpConfig(timeout_s=0), events.append)


async def test_the_same_reason_of_several_pods_is_said_once(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.policy = wants_ssd
    with pytest.raises(GrpcdemoError):
        await up(cluster_api, UpConfig(timeout_s=0), events.append)
    await cluster.settle()
    with pytest.raises(GrpcdemoError) as caught:
        await up(cluster_api, UpConfig(timeout_s=0), events.append)
    assert caught.value.message.count("is unschedulable") == 1


@pytest.mark.parametrize("behavior", [waiting("ErrImagePull"), waiting("CreateContainerConfigError"), CRASHING])
async def test_a_second_time_stuck_pods_are_replaced(
    cluster: HollowCluster, cluster_api: Api, events: Events, behavior: Behavior
) -> None:
    cluster.node.behavior = lambda pod: behavior if pod["metadata"]["labels"]["app"] == "grpc-client" else READY
    with pytest.raises(GrpcdemoError):
        await up(cluster_api, UpConfig(timeout_s=3600), events.append)
    await cluster.settle()
    servers = [name for name in cluster.names(PODS, DEMO) if name.startswith("grpc-server")]
    cluster.node.behavior = lambda pod: READY
    pods = await up(cluster_api, UpConfig(timeout_s=3600), events.append)
    assert [pod.name for pod in pods if pod.app == "grpc-server"] == servers
    assert all(pod.ready for pod in pods)
    assert "an earlier attempt left them stuck" in events.done


async def test_a_second_time_pods_are_no_longer_refused(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    """The controller's back-off keeps the old condition for long; the pods that it did create stay."""
    await up(cluster_api, UpConfig(), lambda _: None)
    created = cluster.names(PODS, DEMO)
    cluster.refuse_pods(forbidden(PODS, "x", "exceeded quota: small"))
    with pytest.raises(GrpcdemoError, match="exceeded quota: small"):
        await up(cluster_api, UpConfig(wanted=Settings(servers=5), timeout_s=3600), events.append)
    cluster.accept_pods()
    pods = await up(cluster_api, UpConfig(wanted=Settings(servers=5), timeout_s=3600), events.append)
    assert {*created} < {pod.name for pod in pods}
    assert len(pods) == 6


async def test_a_second_time_fails_again_for_a_new_reason(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.refuse_pods(forbidden(PODS, "x", "exceeded quota: small"))
    with pytest.raises(GrpcdemoError, match="exceeded quota: small"):
        await up(cluster_api, UpConfig(timeout_s=3600), events.append)
    cluster.refuse_pods(forbidden(PODS, "x", 'violates PodSecurity "restricted:latest"'))
    with pytest.raises(GrpcdemoError, match='violates PodSecurity "restricted:latest"'):
        await up(cluster_api, UpConfig(timeout_s=3600), events.append)


async def test_stuck_pods_that_may_not_be_deleted_are_said(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.node.behavior = lambda pod: waiting("ErrImagePull")
    with pytest.raises(GrpcdemoError):
        await up(cluster_api, UpConfig(wanted=Settings(servers=1), timeout_s=3600), events.append)
    await cluster.settle()
    for name in cluster.names(PODS, DEMO):
        cluster.faults.on("DELETE", PODS.path(DEMO, name), refuse(403, 'User "jane" cannot delete resource "pods"'))
    with pytest.raises(GrpcdemoError, match="cannot pull image"):
        await up(cluster_api, UpConfig(wanted=Settings(servers=1), timeout_s=3600), events.append)
    assert "could not replace objects that an earlier attempt left stuck" in events.warned


async def test_the_service_comes_first(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    """A client that starts before its name resolves backs off for a long time."""
    services: list[list[str]] = []
    path = f"/apis/apps/v1/namespaces/{DEMO}/deployments"
    cluster.faults.before("POST", path, lambda: services.append(cluster.names(SERVICES, DEMO)))
    await up(cluster_api, UpConfig(), events.append)
    assert services == [["grpc-server"]]


async def test_a_timeout_says_what_it_waited_for(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.node.behavior = lambda pod: waiting("ContainerCreating")
    with pytest.raises(GrpcdemoError, match="waiting for grpc-server 0/1 ready, grpc-client 0/1 ready"):
        await up(cluster_api, UpConfig(wanted=Settings(servers=1), timeout_s=0), events.append)


async def test_unexpected_proxies_are_an_error(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    proxy = {"name": "istio-proxy", "image": "x"}
    cluster.policy = lambda pod: pod["spec"].update(containers=[*pod["spec"]["containers"], proxy])
    with pytest.raises(GrpcdemoError, match="has a proxy, although its namespace is labeled"):
        await up(cluster_api, UpConfig(), events.append)


async def test_a_label_that_somebody_sets_meanwhile_is_noticed(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    def enable() -> None:
        cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio-injection": "enabled"})

    cluster.faults.before("POST", DEPLOYMENTS.path(DEMO), enable)
    with pytest.raises(GrpcdemoError, match="should have istio-injection=disabled, and has istio-injection=enabled"):
        await up(cluster_api, UpConfig(), events.append)


async def test_a_paused_deployment_ends_the_wait(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-server", paused=True)
    await up(demo_api, UpConfig(wanted=Settings(servers=5), timeout_s=3600), events.append)
    with pytest.raises(GrpcdemoError, match="Deployment grpc-server is paused") as caught:
        await up(demo_api, UpConfig(wanted=Settings(image_prefix="r.example.com"), timeout_s=3600), events.append)
    assert "kubectl rollout resume deployments/grpc-server" in str(caught.value.hint)


async def test_a_deployment_that_was_scaled_to_0_comes_back(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-server", replicas=0)
    assert len(await up(demo_api, UpConfig(), events.append)) == 4
