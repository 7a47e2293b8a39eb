"""`istio on` and `istio off`: the label, the restart, a look at every pod; and back where it cannot be."""

from __future__ import annotations

import copy

import pytest

from grpcdemo.errors import GrpcdemoError, NotFound, Rejected
from grpcdemo.kube.api import Api
from grpcdemo.model import StepEvent
from grpcdemo.steps.istio.status import istio_status
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.script import Answer, refuse

from .cluster import Cluster
from .told import done, is_dry, warned

DEMO = "istio-grpc-demo"
ON, OFF = SwitchConfig(on=True), SwitchConfig(on=False)
QUOTA = refuse(403, 'pods "x" is forbidden: exceeded quota: small')
POD_SECURITY = refuse(403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest"')
NO_ISTIOD = refuse(500, 'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io"')


async def test_on_gives_every_pod_a_proxy_and_off_takes_it(
    cluster: Cluster, demo_api: Api, events: list[StepEvent]
) -> None:
    pods = await switch(demo_api, ON, events.append)
    assert [(pod.ready_text, pod.proxy) for pod in pods] == [("2/2", "native sidecar")] * 4
    assert cluster.labels(DEMO)["istio-injection"] == "enabled"
    assert "checked every pod: all 4 have a proxy" in done(events)
    status = await istio_status(demo_api, DEMO)
    assert status.injection.revision == "default"
    assert len(status.pods) == 4

    pods = await switch(demo_api, OFF, events.append)
    assert [(pod.ready_text, pod.proxy) for pod in pods] == [("1/1", None)] * 4
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"
    assert (await istio_status(demo_api, DEMO)).injection.revision is None


@pytest.mark.parametrize("config", [ON, OFF])
async def test_a_second_time_restarts_nothing(
    cluster: Cluster, demo_api: Api, events: list[StepEvent], config: SwitchConfig
) -> None:
    await switch(demo_api, config, events.append)
    cluster.store.asked.clear()
    before = cluster.store.names("pods", DEMO)
    await switch(demo_api, config, events.append)
    assert cluster.store.changes == []
    assert cluster.store.names("pods", DEMO) == before
    assert "nothing to restart" in done(events)


async def test_pods_that_differ_from_the_label_are_restarted(
    cluster: Cluster, demo_api: Api, events: list[StepEvent]
) -> None:
    """As when somebody set the label by hand: it changes no pod that runs."""
    cluster.store.get("namespaces", "", DEMO)["metadata"]["labels"]["istio-injection"] = "enabled"
    pods = await switch(demo_api, ON, events.append)
    assert all(pod.proxy for pod in pods)
    assert sorted(cluster.restarts()) == ["grpc-client", "grpc-server"]


@pytest.mark.parametrize("refusal", [QUOTA, POD_SECURITY, NO_ISTIOD])
async def test_where_the_new_pods_are_refused_the_label_is_taken_back(
    cluster: Cluster, demo_api: Api, events: list[StepEvent], refusal: Answer
) -> None:
    cluster.refused_tries = refusal
    before = cluster.store.names("pods", DEMO)
    with pytest.raises(Rejected) as caught:
        await switch(demo_api, ON, events.append)
    assert caught.value.hint
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"
    assert cluster.restarts() == []
    assert cluster.store.names("pods", DEMO) == before
    assert "labels are restored" in warned(events)


async def test_the_api_server_may_see_the_label_late(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    cluster.lag = 3
    pods = await switch(demo_api, ON, events.append)
    assert all(pod.proxy for pod in pods)


async def test_a_label_that_does_not_work_is_taken_back(
    cluster: Cluster, demo_api: Api, events: list[StepEvent]
) -> None:
    cluster.lag = 1000
    with pytest.raises(GrpcdemoError, match="a new pod still gets no proxy"):
        await switch(demo_api, SwitchConfig(on=True, label_settles_s=0.0), events.append)
    assert cluster.labels(DEMO)["istio-injection"] == "disabled"
    assert cluster.restarts() == []


async def test_who_may_not_create_pods_may_still_switch(
    cluster: Cluster, demo_api: Api, events: list[StepEvent]
) -> None:
    message = 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""'
    cluster.refused_tries = refuse(403, message)
    pods = await switch(demo_api, ON, events.append)
    assert all(pod.proxy for pod in pods)
    assert "could not check what a new pod gets" in warned(events)


async def test_a_dry_run_changes_nothing(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    before = copy.deepcopy(cluster.store.objects)
    demo_api.dry_run = True
    await switch(demo_api, ON, events.append)
    assert cluster.store.changes
    assert all(is_dry(change) for change in cluster.store.changes)
    assert cluster.store.objects == before
    assert "grpc-server and grpc-client restarted" in done(events)


async def test_others_in_a_lent_namespace_get_no_proxy(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.add_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.store.put("pods", DEMO, {"metadata": {"name": "theirs"}, "spec": {"containers": []}})
    cluster.store.asked.clear()
    with pytest.raises(GrpcdemoError, match="pods/theirs"):
        await switch(cluster_api, ON, events.append)
    assert cluster.store.changes == []


async def test_without_istio_nothing_is_changed(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    for name in cluster.store.names("mutatingwebhookconfigurations"):
        cluster.store.remove("mutatingwebhookconfigurations", "", name)
    with pytest.raises(GrpcdemoError, match="has no Istio sidecar injector"):
        await switch(demo_api, ON, events.append)
    assert cluster.store.changes == []


@pytest.mark.parametrize("namespace", [None, {}, {"deletionTimestamp": "2026-05-04T10:00:00Z"}])
async def test_without_a_demo_there_is_nothing_to_switch(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent], namespace: dict[str, str] | None
) -> None:
    if namespace is not None:
        cluster.add_namespace(DEMO, **namespace)
    with pytest.raises(GrpcdemoError) as caught:
        await switch(cluster_api, ON, events.append)
    assert "grpcdemo up" in str(caught.value.hint)
    assert isinstance(caught.value, NotFound) is not bool(namespace)
