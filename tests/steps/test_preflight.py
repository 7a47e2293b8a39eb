"""What `demo` looks at first: a demo that somebody works with is left alone, and a missing injector is told at once."""

import pytest

from grpcdemo.errors import DemoExists, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.model.progress import Done
from grpcdemo.resources.resource import DEPLOYMENTS, MUTATING_WEBHOOKS
from grpcdemo.steps.demo import Audience, DemoConfig, demo
from grpcdemo.steps.preflight import require_place
from grpcdemo.steps.rehearsal import rehearse
from grpcdemo.steps.up import UpConfig
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import reply
from tests.fakes.webhooks import revisioned_install

from .events import Events

DEMO = "istio-grpc-demo"
CONFIG = DemoConfig(up=UpConfig())


async def test_a_demo_that_is_deployed_has_its_place(demo_api: Api) -> None:
    with pytest.raises(DemoExists, match=r"\(deployments/grpc-client, deployments/grpc-server\)$") as caught:
        await require_place(demo_api, DEMO)
    assert "--replace" in str(caught.value.hint)


async def test_half_a_demo_has_its_place(cluster: HollowCluster, demo_api: Api) -> None:
    cluster.registry.delete(DEPLOYMENTS, DEMO, "grpc-client")
    with pytest.raises(DemoExists, match=r"\(deployments/grpc-server\)$"):
        await require_place(demo_api, DEMO)


@pytest.mark.parametrize("namespace", ["none", "empty", "theirs"])
async def test_where_no_demo_is_there_is_place(cluster: HollowCluster, cluster_api: Api, namespace: str) -> None:
    if namespace != "none":
        cluster.create_namespace(DEMO)
    if namespace == "theirs":
        labels = {"app": "theirs"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
        cluster.create(DEPLOYMENTS, DEMO, "theirs", spec={"selector": {"matchLabels": labels}, "template": template})
    await require_place(cluster_api, DEMO)


async def test_a_demo_that_is_being_deleted_leaves_its_place(cluster: HollowCluster, demo_api: Api) -> None:
    cluster.set_metadata(DEPLOYMENTS, DEMO, "grpc-server", finalizers=["example.com/keep"])
    cluster.delete_namespace(DEMO)
    await cluster.settle()
    assert cluster.names(DEPLOYMENTS, DEMO) == ["grpc-server"]
    await require_place(demo_api, DEMO)


async def test_what_a_killed_demo_has_left_is_nobodys(demo_api: Api, events: Events) -> None:
    killed = Lease(demo_api, DEMO)
    await killed.acquire(events.append)
    await require_place(demo_api, DEMO)


async def test_without_an_injector_nothing_is_deployed(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.store.remove(MUTATING_WEBHOOKS, "", "istio-sidecar-injector")
    with pytest.raises(GrpcdemoError, match="has no Istio sidecar injector; nothing was changed"):
        await demo(cluster_api, CONFIG, events.append, Audience())
    assert cluster.faults.changes == []


async def test_a_revision_that_nobody_injects_is_told_first(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    with pytest.raises(GrpcdemoError, match=r"selects label istio\.io/rev=canary"):
        await demo(cluster_api, DemoConfig(up=UpConfig(), revision="canary"), events.append, Audience())
    assert cluster.faults.changes == []


async def test_a_label_that_the_demo_removes_chooses_no_revision(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    two = [*revisioned_install("1-28-0"), *revisioned_install("1-29-0")]
    cluster.faults.on("GET", MUTATING_WEBHOOKS.path(), reply({"items": two}))
    cluster.create_namespace(DEMO, labels={"istio.io/rev": "1-29-0"})
    with pytest.raises(GrpcdemoError, match="several revisions of Istio can inject"):
        await demo(cluster_api, CONFIG, events.append, Audience())
    assert cluster.faults.changes == []


async def test_a_dry_run_refuses_what_the_demo_would(demo_api: Api, dry_api: Api, events: Events) -> None:
    with pytest.raises(DemoExists):
        await rehearse(dry_api, CONFIG, events.append)
    assert events == []
    await rehearse(dry_api, DemoConfig(up=UpConfig(), replace=True), events.append)
    told = [event for event in events if isinstance(event, Done)]
    assert told[-1].would == f"delete all that grpcdemo has in namespace {DEMO}"
    commands = [command.text() for event in told[-4:] for command in event.commands]
    assert f"kubectl label namespace {DEMO} istio-injection=enabled --overwrite" in commands
    assert f"kubectl rollout restart deployment/grpc-server deployment/grpc-client --namespace {DEMO}" in commands
    assert commands[-1].startswith("kubectl delete service/grpc-server deployment/grpc-server deployment/grpc-client ")
