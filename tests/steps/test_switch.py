"""`istio on` and `istio off`: label, restart, check every pod; restore the label on a failure."""

import asyncio

import pytest

from grpcdemo.errors import Forbidden, GrpcdemoError, NotFound, Rejected
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import unreported
from grpcdemo.resources.resource import DEPLOYMENTS, MUTATING_WEBHOOKS, NAMESPACES, PODS
from grpcdemo.sandbox.api.status import StatusError, forbidden
from grpcdemo.steps.istio.status import istio_status
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.faults import lose_answer, uninjected
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.hollow_node import READY, SLOW_TO_STOP
from tests.fakes.script import Answer, refuse
from tests.resources.samples import labels

from .events import Events, is_dry

DEMO = "istio-grpc-demo"
ON, OFF = SwitchConfig(on=True), SwitchConfig(on=False)
QUOTA = refuse(403, 'pods "x" is forbidden: exceeded quota: small')
POD_SECURITY = refuse(403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest"')
PODS_PATH = f"/api/v1/namespaces/{DEMO}/pods"


async def test_on_adds_a_proxy_and_off_removes_it(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    pods = await switch(demo_api, ON, events.append)
    assert [(pod.ready_text, pod.proxy) for pod in pods] == [("2/2", "native sidecar")] * 4
    assert cluster.labels(DEMO)["istio-injection"] == "enabled"
    assert "checked every pod: all 4 have a proxy" in events.done
    status = await istio_status(demo_api, DEMO)
    assert status.injection.revision == "default"
    assert len(status.pods) == 4

    pods = await switch(demo_api, OFF, events.append)
    assert [(pod.ready_text, pod.proxy) for pod in pods] == [("1/1", None)] * 4
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"
    assert (await istio_status(demo_api, DEMO)).injection.revision is None


@pytest.mark.parametrize("config", [ON, OFF])
async def test_a_second_time_restarts_nothing(
    cluster: HollowCluster, demo_api: Api, events: Events, config: SwitchConfig
) -> None:
    await switch(demo_api, config, events.append)
    cluster.faults.asked.clear()
    before = cluster.names(PODS, DEMO)
    await switch(demo_api, config, events.append)
    assert cluster.faults.changes == []
    assert cluster.names(PODS, DEMO) == before
    assert "nothing to restart" in events.done


async def test_pods_unlike_the_label_are_restarted(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    """A label that was set by hand changes no running pod."""
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={**cluster.labels(DEMO), "istio-injection": "enabled"})
    pods = await switch(demo_api, ON, events.append)
    assert all(pod.proxy for pod in pods)
    assert sorted(cluster.restarts()) == ["grpc-client", "grpc-server"]


@pytest.mark.parametrize("refusal", [QUOTA, POD_SECURITY])
async def test_refused_pods_restore_labels(
    cluster: HollowCluster, demo_api: Api, events: Events, refusal: Answer
) -> None:
    cluster.faults.on("POST", PODS_PATH, refusal)
    before = cluster.names(PODS, DEMO)
    with pytest.raises(Rejected) as caught:
        await switch(demo_api, ON, events.append)
    assert caught.value.hint
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"
    assert cluster.restarts() == []
    assert cluster.names(PODS, DEMO) == before
    assert "labels are restored" in events.warned


async def test_an_unreachable_injector_is_no_policy(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    """It was ready before."""
    cluster.faults.before("POST", PODS_PATH, cluster.stop_istiod)
    with pytest.raises(Rejected, match="failed calling webhook") as caught:
        await switch(demo_api, ON, events.append)
    assert "injector is unreachable" in str(caught.value.hint)
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"


async def test_a_policy_is_no_unreachable_injector(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.refuse_pods(StatusError("BadRequest", 'admission webhook "p.example.com" denied the request: no proxies'))
    with pytest.raises(Rejected, match="no proxies") as caught:
        await switch(demo_api, ON, events.append)
    assert "policy" in str(caught.value.hint)


async def test_it_waits_for_the_old_pods(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    old = set(cluster.names(PODS, DEMO))
    cluster.node.behavior = lambda pod: SLOW_TO_STOP if pod["metadata"]["name"] in old else READY
    switching = asyncio.create_task(switch(demo_api, ON, events.append))
    await events.until_waiting_for("3 old pods terminating")
    cluster.node.behavior = lambda pod: READY
    cluster.node.look_again()
    assert all(pod.proxy for pod in await switching)
    assert not old & set(cluster.names(PODS, DEMO))


async def test_it_waits_for_an_old_pod_that_has_ended_but_is_still_there(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    """As one is that a finalizer holds, or whose kubelet has not removed it yet."""
    await switch(demo_api, ON, unreported)
    metadata = {"labels": labels("grpc-server"), "finalizers": ["example.com/keep"]}
    cluster.create(PODS, DEMO, "old", metadata=metadata, spec={"containers": [{"name": "grpc-server", "image": "x"}]})
    await cluster.settle()
    cluster.registry.delete(PODS, DEMO, "old")
    await cluster.settle()
    pod = cluster.store.get(PODS, DEMO, "old")
    pod = cluster.store.update(PODS, {**pod, "status": {**pod["status"], "phase": "Succeeded"}})
    switching = asyncio.create_task(switch(demo_api, ON, events.append))
    await events.until_waiting_for("1 old pod terminating")
    cluster.registry.update(PODS, {**pod, "metadata": {**pod["metadata"], "finalizers": []}})
    await switching
    assert "old" not in cluster.names(PODS, DEMO)


async def test_the_api_server_may_see_the_label_late(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.faults.on("POST", PODS_PATH, *[uninjected] * 3, None)
    pods = await switch(demo_api, ON, events.append)
    assert all(pod.proxy for pod in pods)


async def test_a_label_without_effect_is_restored(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.faults.on("POST", PODS_PATH, uninjected)
    with pytest.raises(GrpcdemoError, match="a new pod still gets no proxy"):
        await switch(demo_api, SwitchConfig(on=True, label_settles_s=0.0), events.append)
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"
    assert cluster.restarts() == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (403, 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""'),
        (400, 'admission webhook "w" does not support dry run'),
    ],
)
async def test_a_new_pod_need_not_be_tried_out(
    cluster: HollowCluster, demo_api: Api, events: Events, code: int, message: str
) -> None:
    cluster.faults.on("POST", PODS_PATH, refuse(code, message))
    pods = await switch(demo_api, ON, events.append)
    assert all(pod.proxy for pod in pods)
    assert "could not check whether a new pod gets a proxy" in events.warned
    assert message in events.warned


@pytest.mark.usefixtures("demo_api")
async def test_a_dry_run_changes_nothing(cluster: HollowCluster, dry_api: Api, events: Events) -> None:
    await cluster.settle()
    before = cluster.store.version
    await switch(dry_api, ON, events.append)
    assert cluster.faults.changes
    assert all(is_dry(change) for change in cluster.faults.changes)
    assert cluster.store.version == before
    assert "grpc-server and grpc-client restarted" in events.done


async def test_others_in_the_namespace_get_no_proxy(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.create(PODS, DEMO, "theirs", spec={"containers": [{"name": "c", "image": "x"}]})
    cluster.faults.asked.clear()
    with pytest.raises(GrpcdemoError, match="pods/theirs"):
        await switch(cluster_api, ON, events.append)
    assert cluster.faults.changes == []


async def test_without_istio_nothing_is_changed(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.store.remove(MUTATING_WEBHOOKS, "", "istio-sidecar-injector")
    with pytest.raises(GrpcdemoError, match="has no Istio sidecar injector"):
        await switch(demo_api, ON, events.append)
    assert cluster.faults.changes == []


@pytest.mark.parametrize("namespace", ["none", "empty", "terminating"])
async def test_there_must_be_a_demo(cluster: HollowCluster, cluster_api: Api, events: Events, namespace: str) -> None:
    if namespace != "none":
        cluster.create_namespace(DEMO, finalizers=["example.com/keep"])
    if namespace == "terminating":
        cluster.delete_namespace(DEMO)
    with pytest.raises(GrpcdemoError) as caught:
        await switch(cluster_api, ON, events.append)
    assert "grpcdemo up" in str(caught.value.hint)
    assert isinstance(caught.value, NotFound) is (namespace != "terminating")


async def test_pods_without_a_proxy_are_an_error(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    def uninstall() -> None:
        cluster.store.remove(MUTATING_WEBHOOKS, "", "istio-sidecar-injector")

    cluster.faults.before("PATCH", DEPLOYMENTS.path(DEMO, "grpc-server"), uninstall)
    with pytest.raises(GrpcdemoError, match="of 4 pods have no proxy, for example grpc-"):
        await switch(demo_api, ON, events.append)


async def test_an_unready_pod_is_restarted(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    (pod, *_) = await switch(demo_api, ON, events.append)
    cluster.node.set_ready(await demo_api.get(PODS, pod.name, namespace=DEMO), False)
    await switch(demo_api, ON, events.append)
    assert "nothing to restart" not in events.done


@pytest.mark.parametrize("config", [ON, OFF])
@pytest.mark.parametrize("name", ["grpc-server", "grpc-client"])
async def test_a_deployment_without_pods_is_not_called_switched(
    cluster: HollowCluster, demo_api: Api, events: Events, name: str, config: SwitchConfig
) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, name, replicas=0)
    await cluster.settle()
    with pytest.raises(GrpcdemoError, match=f"Deployment {name} is scaled to 0") as caught:
        await switch(demo_api, config, events.append)
    assert f"kubectl scale deployments/{name}" in str(caught.value.hint)
    assert (cluster.faults.changes, events.done) == ([], "")


@pytest.mark.parametrize("config", [ON, OFF])
@pytest.mark.parametrize("name", ["grpc-server", "grpc-client"])
async def test_half_a_demo_is_not_called_switched(
    cluster: HollowCluster, demo_api: Api, events: Events, name: str, config: SwitchConfig
) -> None:
    cluster.registry.delete(DEPLOYMENTS, DEMO, name)
    await cluster.settle()
    with pytest.raises(NotFound, match=f"there is no Deployment {name}") as caught:
        await switch(demo_api, config, events.append)
    assert "grpcdemo up" in str(caught.value.hint)
    assert (cluster.faults.changes, events.done) == ([], "")


async def test_a_paused_deployment_cannot_be_switched(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", paused=True)
    with pytest.raises(GrpcdemoError, match=r"Deployment grpc-client is paused: .* nothing was changed") as caught:
        await switch(demo_api, ON, events.append)
    assert "kubectl rollout resume deployments/grpc-client --namespace" in str(caught.value.hint)
    assert cluster.faults.changes == []


async def test_a_paused_deployment_may_be_switched_already(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", paused=True)
    await cluster.settle()
    await switch(demo_api, OFF, events.append)
    assert "nothing to restart" in events.done


async def test_a_deployment_that_is_paused_meanwhile_ends_the_wait(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    path = DEPLOYMENTS.path(DEMO, "grpc-server")
    cluster.faults.before("PATCH", path, lambda: cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-server", paused=True))
    with pytest.raises(GrpcdemoError, match="Deployment grpc-server is paused"):
        await switch(demo_api, SwitchConfig(on=True, timeout_s=3600), events.append)


@pytest.mark.parametrize(
    ("labels", "has"),
    [({"istio-injection": "disabled"}, "istio-injection=disabled"), ({}, "no injection label")],
)
async def test_labels_that_somebody_puts_back_are_noticed(
    cluster: HollowCluster, demo_api: Api, events: Events, labels: dict[str, str], has: str
) -> None:
    """Also if every pod has its proxy already: it would lose it with its next restart."""
    before = set(cluster.names(PODS, DEMO))
    cluster.node.behavior = lambda pod: SLOW_TO_STOP if pod["metadata"]["name"] in before else READY
    switching = asyncio.create_task(switch(demo_api, ON, events.append))
    await events.until_waiting_for("old pods terminating")
    cluster.set_metadata(NAMESPACES, "", DEMO, labels=labels)
    cluster.node.behavior = lambda pod: READY
    cluster.node.look_again()
    with pytest.raises(GrpcdemoError, match=f"should have istio-injection=enabled, and has {has}") as caught:
        await switching
    assert "--show-managed-fields" in str(caught.value.hint)
    assert "checked every pod" not in events.done


async def test_a_quota_with_room_for_a_few_new_pods_is_enough(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    """Each new pod that is ready lets an old one go, which makes room for the next."""
    cluster.policy = lambda _: refuse_more_pods(cluster, 6)
    pods = await switch(demo_api, SwitchConfig(on=True, timeout_s=3600), events.append)
    assert [bool(pod.proxy) for pod in pods] == [True] * 4


def refuse_more_pods(cluster: HollowCluster, limit: int) -> None:
    if len(cluster.names(PODS, DEMO)) >= limit:
        raise forbidden(PODS, "x", "exceeded quota: small")


FORBIDDEN = refuse(403, 'User "jane" cannot patch resource "x"')


@pytest.mark.parametrize(("config", "other"), [(ON, OFF), (OFF, ON)], ids=["on", "off"])
async def test_half_a_restart_is_told(
    cluster: HollowCluster, demo_api: Api, events: Events, config: SwitchConfig, other: SwitchConfig
) -> None:
    await switch(demo_api, other, lambda _: None)
    cluster.faults.on("PATCH", DEPLOYMENTS.path(DEMO, "grpc-client"), FORBIDDEN)
    with pytest.raises(Forbidden):
        await switch(demo_api, config, events.append)
    assert "grpc-server restarted" in events.done
    this, back = ("on", "off") if config.on else ("off", "on")
    assert f"`grpcdemo istio {this}` completes the switch, `grpcdemo istio {back}` reverts it" in events.warned

    cluster.faults.on("PATCH", DEPLOYMENTS.path(DEMO, "grpc-client"), None)
    assert all(bool(pod.proxy) is config.on for pod in await switch(demo_api, config, events.append))


@pytest.mark.parametrize(("config", "other"), [(ON, OFF), (OFF, ON)], ids=["on", "off"])
async def test_a_rollout_that_cannot_be_followed_is_told(
    cluster: HollowCluster, demo_api: Api, events: Events, config: SwitchConfig, other: SwitchConfig
) -> None:
    await switch(demo_api, other, lambda _: None)
    last_restart = DEPLOYMENTS.path(DEMO, "grpc-client")
    cluster.faults.before("PATCH", last_restart, lambda: cluster.faults.on("GET", PODS_PATH, FORBIDDEN))
    with pytest.raises(Forbidden):
        await switch(demo_api, config, events.append)
    this, back = ("on", "off") if config.on else ("off", "on")
    assert f"`grpcdemo istio {this}` waits for it and checks the pods, `grpcdemo istio {back}` reverts" in events.warned


async def test_labels_that_cannot_be_restored_are_told(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.faults.on("POST", PODS_PATH, QUOTA)
    cluster.faults.on("PATCH", NAMESPACES.path(name=DEMO), None, FORBIDDEN)
    with pytest.raises(Rejected):
        await switch(demo_api, ON, events.append)
    assert cluster.labels(DEMO)["istio-injection"] == "enabled"
    assert "nothing was restarted, but the namespace's labels could not be restored: cannot patch" in events.warned


async def test_a_restart_happens_once_although_its_answer_is_lost(cluster: HollowCluster, demo_api: Api) -> None:
    for name in ("grpc-server", "grpc-client"):
        cluster.faults.on("PATCH", DEPLOYMENTS.path(DEMO, name), lose_answer, refuse(503), None)
    await switch(demo_api, ON, lambda _: None)
    generations = [obj["metadata"]["generation"] for obj in cluster.store.list(DEPLOYMENTS, DEMO)]
    assert (len(cluster.restarts()), generations) == (6, [2, 2])
