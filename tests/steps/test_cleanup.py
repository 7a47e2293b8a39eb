"""`cleanup`: all that is ours goes, nothing that is not, and what was lent is given back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.api import Api
from grpcdemo.model import StepEvent
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    VOLUME_CLAIMS,
    Resource,
)
from grpcdemo.steps.cleanup import CleanupConfig, cleanup
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import reply

from .told import done, is_dry, warned

DEMO = "istio-grpc-demo"
CONFIG = CleanupConfig()
KEEP = ["example.com/keep"]
POD_SPEC = {"containers": [{"name": "c", "image": "x"}]}
LABELS = {"a": "b"}
SPECS: dict[Resource, Object] = {
    PODS: POD_SPEC,
    SERVICES: {"selector": LABELS, "ports": [{"port": 1}]},
    DEPLOYMENTS: {
        "replicas": 0,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": POD_SPEC},
    },
}


def add_stranger(cluster: HollowCluster, resource: Resource, name: str = "theirs", **fields: Any) -> None:
    """Of a kind that the cluster does not have, a list with this one object is what it answers."""
    if resource in SPECS:
        cluster.create(resource, DEMO, name, spec=SPECS[resource], **fields)
    else:
        cluster.faults.on("GET", resource.path(DEMO), reply({"items": [{"metadata": {"name": name}, **fields}]}))


def ours(cluster: HollowCluster) -> list[str]:
    resources = (SERVICES, DEPLOYMENTS, REPLICA_SETS, PODS)
    return [f"{resource.plural}/{name}" for resource in resources for name in cluster.names(resource, DEMO)]


async def test_our_namespace_goes_with_all_in_it(
    cluster: HollowCluster, demo_api: Api, events: list[StepEvent]
) -> None:
    await cleanup(demo_api, CONFIG, events.append)
    assert DEMO not in cluster.names(NAMESPACES)
    assert ours(cluster) == []
    assert f"namespace {DEMO} is gone" in done(events)


async def test_nothing_is_nothing_to_do(cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]) -> None:
    await cleanup(cluster_api, CONFIG, events.append)
    assert cluster.faults.changes == []
    assert "nothing to clean up" in done(events)


async def test_a_lent_namespace_is_given_back_as_it_was(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    labels, annotations = {"team": "x", "istio.io/rev": "canary"}, {"note": "keep"}
    cluster.create_namespace(DEMO, labels=dict(labels), annotations=dict(annotations))
    add_stranger(cluster, PODS)
    await up(cluster_api, UpConfig(shared=True), events.append)
    await switch(cluster_api, SwitchConfig(on=True, shared=True), events.append)
    assert cluster.labels(DEMO) == {"team": "x", "istio-injection": "enabled"}
    await cleanup(cluster_api, CONFIG, events.append)
    assert cluster.labels(DEMO) == labels
    assert cluster.store.get(NAMESPACES, "", DEMO)["metadata"]["annotations"] == annotations
    assert ours(cluster) == ["pods/theirs"]
    assert "grpcdemo did not create it; labels restored: no istio-injection, istio.io/rev=canary" in done(events)


@pytest.mark.parametrize("resource", [PODS, DEPLOYMENTS, SERVICES, CONFIG_MAPS, SECRETS, VOLUME_CLAIMS])
async def test_strangers_keep_our_namespace(
    cluster: HollowCluster, demo_api: Api, events: list[StepEvent], resource: Resource
) -> None:
    add_stranger(cluster, resource)
    await cleanup(demo_api, CONFIG, events.append)
    assert cluster.names(NAMESPACES).count(DEMO) == 1
    assert [name for name in ours(cluster) if "theirs" not in name] == []
    assert f"stays, because it also holds {resource.plural}/theirs" in warned(events)


@pytest.mark.parametrize(
    ("resource", "name", "fields"),
    [
        (CONFIG_MAPS, "kube-root-ca.crt", {}),
        (CONFIG_MAPS, "istio-ca-root-cert", {}),
        (SECRETS, "default-token-x", {"type": "kubernetes.io/service-account-token"}),
    ],
)
async def test_what_controllers_made_is_no_stranger(
    cluster: HollowCluster, demo_api: Api, events: list[StepEvent], resource: Resource, name: str, fields: Object
) -> None:
    add_stranger(cluster, resource, name, **fields)
    await cleanup(demo_api, CONFIG, events.append)
    assert DEMO not in cluster.names(NAMESPACES)


async def test_what_has_an_owner_is_no_stranger(cluster: HollowCluster, demo_api: Api, events: list[StepEvent]) -> None:
    owner = cluster.store.get(SERVICE_ACCOUNTS, DEMO, "default")["metadata"]
    reference = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": owner["uid"]}
    add_stranger(cluster, PODS, "owned", metadata={"ownerReferences": [reference]})
    await cleanup(demo_api, CONFIG, events.append)
    assert DEMO not in cluster.names(NAMESPACES)


@pytest.mark.parametrize("lent", [False, True])
async def test_a_dry_run_changes_nothing(
    cluster: HollowCluster, cluster_api: Api, dry_api: Api, events: list[StepEvent], lent: bool
) -> None:
    if lent:
        cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.faults.asked.clear()
    await cluster.settle()
    before = cluster.store.version
    await cleanup(dry_api, CleanupConfig(wait=False), events.append)
    assert cluster.faults.changes
    assert all(is_dry(change) for change in cluster.faults.changes)
    assert cluster.store.version == before


async def test_what_blocks_is_named(cluster: HollowCluster, demo_api: Api, events: list[StepEvent]) -> None:
    cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=KEEP)
    with pytest.raises(GrpcdemoError, match=r"still terminating after .*example.com/keep") as caught:
        await cleanup(demo_api, CleanupConfig(timeout_s=0.02), events.append)
    assert "finalizer" in str(caught.value.hint)
    await cluster.settle()
    assert ours(cluster) == []


async def test_a_second_cleanup_waits_for_the_first(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.create_namespace(DEMO, finalizers=KEEP)
    cluster.delete_namespace(DEMO)
    with pytest.raises(GrpcdemoError, match="still terminating"):
        await cleanup(cluster_api, CleanupConfig(timeout_s=0.02), events.append)
    assert cluster.faults.changes == []


async def test_nobody_has_to_wait(cluster: HollowCluster, demo_api: Api, events: list[StepEvent]) -> None:
    cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=KEEP)
    await cleanup(demo_api, CleanupConfig(wait=False), events.append)
    assert "is gone" not in done(events)


async def test_what_of_ours_does_not_go_is_named(
    cluster: HollowCluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.set_metadata(SERVICES, DEMO, "grpc-server", finalizers=KEEP)
    with pytest.raises(GrpcdemoError, match=r"services/grpc-server \(finalizer example.com/keep\)") as caught:
        await cleanup(cluster_api, CleanupConfig(timeout_s=0.02), events.append)
    assert f"get services/grpc-server --output yaml --namespace {DEMO}" in str(caught.value.hint)


async def test_an_object_that_was_made_anew_is_left_alone(
    cluster: HollowCluster, demo_api: Api, events: list[StepEvent]
) -> None:
    """Between our look and our deletion somebody may make another one of that name."""

    def swap() -> None:
        old = cluster.store.remove(SERVICES, DEMO, "grpc-server")
        cluster.create(SERVICES, DEMO, "grpc-server", spec=old["spec"])

    add_stranger(cluster, PODS)
    cluster.faults.before("DELETE", SERVICES.path(DEMO, "grpc-server"), swap)
    await cleanup(demo_api, CleanupConfig(wait=False), events.append)
    assert "services/grpc-server" in ours(cluster)
