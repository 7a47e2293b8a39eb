"""`cleanup` deletes all that is ours and nothing else, and restores the labels of a shared namespace."""

from functools import partial
from typing import Any

import pytest

from grpcdemo.errors import Conflict, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease, LeaseTiming
from grpcdemo.model.cleanup import CleanedNamespace
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
from tests.fakes.faults import lose_answer
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Answer, cut, refuse, reply

from .events import Events, is_dry

DEMO = "istio-grpc-demo"
CONFIG = CleanupConfig()
NO_WAIT = CleanupConfig(wait=False)
CREATED = ("services/grpc-server", "deployments/grpc-client", "deployments/grpc-server")
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


def add_foreign(cluster: HollowCluster, resource: Resource, name: str = "theirs", **fields: Any) -> None:
    """The hollow cluster answers a list with this one object for a resource that it does not serve."""
    if resource in SPECS:
        cluster.create(resource, DEMO, name, spec=SPECS[resource], **fields)
    else:
        cluster.faults.on("GET", resource.path(DEMO), reply({"items": [{"metadata": {"name": name}, **fields}]}))


def ours(cluster: HollowCluster) -> list[str]:
    resources = (SERVICES, DEPLOYMENTS, REPLICA_SETS, PODS)
    return [f"{resource.plural}/{name}" for resource in resources for name in cluster.names(resource, DEMO)]


async def test_our_namespace_is_deleted(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cleaned = await cleanup(demo_api, CONFIG, events.append)
    assert cleaned == [CleanedNamespace(DEMO, "deleted", CREATED, gone=True)]
    assert DEMO not in cluster.names(NAMESPACES)
    assert ours(cluster) == []
    assert f"namespace {DEMO} is gone" in events.done


async def test_nothing_to_clean_up(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    assert await cleanup(cluster_api, CONFIG, events.append) == [CleanedNamespace(DEMO, "absent")]
    assert cluster.faults.changes == []
    assert "nothing to clean up" in events.done


async def test_what_a_comparison_has_left_goes_too(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    ours = {"app.kubernetes.io/managed-by": "grpcdemo"}
    cluster.create_namespace(f"{DEMO}-compare-headless", labels=ours)
    cluster.create_namespace(f"{DEMO}-compare-other")
    cluster.create_namespace("other-compare-none", labels=ours)
    cleaned = await cleanup(cluster_api, CONFIG, events.append)
    assert [(one.name, one.fate) for one in cleaned] == [(DEMO, "absent"), (f"{DEMO}-compare-headless", "deleted")]
    left = [name for name in cluster.names(NAMESPACES) if "-compare-" in name]
    assert left == [f"{DEMO}-compare-other", "other-compare-none"]


async def test_a_comparison_that_goes_on_keeps_its_namespace(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    name = f"{DEMO}-compare-headless"
    cluster.create_namespace(name, labels={"app.kubernetes.io/managed-by": "grpcdemo"})
    async with Lease(cluster_api, name, LeaseTiming(renew_s=0.05)) as lease:
        await lease.acquire(events.append)
        cleaned = await cleanup(cluster_api, CONFIG, events.append)
    assert [(one.name, one.fate) for one in cleaned] == [(DEMO, "absent"), (name, "kept")]
    assert f"is running a demo in namespace {name}: it stays" in events.warned
    assert name in cluster.names(NAMESPACES)


async def test_a_shared_namespace_has_its_labels_back(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    labels, annotations = {"team": "x", "istio.io/rev": "canary"}, {"note": "keep"}
    cluster.create_namespace(DEMO, labels=dict(labels), annotations=dict(annotations))
    add_foreign(cluster, PODS)
    await up(cluster_api, UpConfig(shared=True), events.append)
    await switch(cluster_api, SwitchConfig(on=True, shared=True), events.append)
    assert cluster.labels(DEMO) == {"team": "x", "istio-injection": "enabled"}
    cleaned = await cleanup(cluster_api, CONFIG, events.append)
    restored = {"istio-injection": None, "istio.io/rev": "canary"}
    assert cleaned == [CleanedNamespace(DEMO, "kept", CREATED, restored, gone=True)]
    assert cluster.labels(DEMO) == labels
    assert cluster.store.get(NAMESPACES, "", DEMO)["metadata"]["annotations"] == annotations
    assert ours(cluster) == ["pods/theirs"]
    assert (
        "is kept, because grpcdemo did not create it\nlabels restored: no istio-injection, istio.io/rev=canary"
        in events.done
    )


@pytest.mark.parametrize("resource", [PODS, DEPLOYMENTS, SERVICES, CONFIG_MAPS, SECRETS, VOLUME_CLAIMS])
async def test_foreign_objects_stay(cluster: HollowCluster, demo_api: Api, events: Events, resource: Resource) -> None:
    add_foreign(cluster, resource)
    await cleanup(demo_api, CONFIG, events.append)
    assert cluster.names(NAMESPACES).count(DEMO) == 1
    assert [name for name in ours(cluster) if "theirs" not in name] == []
    assert f"is kept, because it also contains {resource.plural}/theirs" in events.warned
    assert "nothing created by grpcdemo" not in events.done


async def test_a_namespace_without_a_demo_stays(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO)
    assert await cleanup(cluster_api, CONFIG, events.append) == [CleanedNamespace(DEMO, "kept", gone=True)]
    assert f"nothing created by grpcdemo in namespace {DEMO}" in events.done


@pytest.mark.parametrize(
    ("resource", "name", "fields"),
    [
        (CONFIG_MAPS, "kube-root-ca.crt", {}),
        (CONFIG_MAPS, "istio-ca-root-cert", {}),
        (SECRETS, "default-token-x", {"type": "kubernetes.io/service-account-token"}),
    ],
)
async def test_objects_of_controllers_are_not_foreign(
    cluster: HollowCluster, demo_api: Api, events: Events, resource: Resource, name: str, fields: Object
) -> None:
    add_foreign(cluster, resource, name, **fields)
    await cleanup(demo_api, CONFIG, events.append)
    assert DEMO not in cluster.names(NAMESPACES)


async def test_an_owned_object_is_not_foreign(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    owner = cluster.store.get(SERVICE_ACCOUNTS, DEMO, "default")["metadata"]
    reference = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": owner["uid"]}
    add_foreign(cluster, PODS, "owned", metadata={"ownerReferences": [reference]})
    await cleanup(demo_api, CONFIG, events.append)
    assert DEMO not in cluster.names(NAMESPACES)


@pytest.mark.parametrize("shared", [False, True])
async def test_a_dry_run_changes_nothing(
    cluster: HollowCluster, cluster_api: Api, dry_api: Api, events: Events, shared: bool
) -> None:
    if shared:
        cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.faults.asked.clear()
    await cluster.settle()
    before = cluster.store.version
    await cleanup(dry_api, CleanupConfig(wait=False), events.append)
    assert cluster.faults.changes
    assert all(is_dry(change) for change in cluster.faults.changes)
    assert cluster.store.version == before


async def test_the_blocker_is_named(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=KEEP)
    with pytest.raises(GrpcdemoError, match=r"still terminating after .*example.com/keep") as caught:
        await cleanup(demo_api, CleanupConfig(timeout_s=0), events.append)
    assert "finalizer" in str(caught.value.hint)
    await cluster.settle()
    assert ours(cluster) == []


async def test_a_second_cleanup_waits_for_the_first(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO, finalizers=KEEP)
    cluster.delete_namespace(DEMO)
    with pytest.raises(GrpcdemoError, match="still terminating"):
        await cleanup(cluster_api, CleanupConfig(timeout_s=0), events.append)
    assert cluster.faults.changes == []
    cleaned = await cleanup(cluster_api, NO_WAIT, events.append)
    assert cleaned == [CleanedNamespace(DEMO, "terminating", gone=False)]


async def test_no_wait(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=KEEP)
    await cleanup(demo_api, CleanupConfig(wait=False), events.append)
    assert "is gone" not in events.done


async def test_our_stuck_object_is_named(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.set_metadata(SERVICES, DEMO, "grpc-server", finalizers=KEEP)
    with pytest.raises(GrpcdemoError, match=r"services/grpc-server \(finalizer example.com/keep\)") as caught:
        await cleanup(cluster_api, CleanupConfig(timeout_s=0), events.append)
    assert f"get services/grpc-server --output yaml --namespace {DEMO}" in str(caught.value.hint)


async def test_what_was_deleted_is_waited_for_whatever_labels_say(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    """Somebody takes our label off, and puts it on a Service of their own."""

    def relabel() -> None:
        labels = cluster.store.get(SERVICES, DEMO, "grpc-server")["metadata"]["labels"]
        cluster.set_metadata(SERVICES, DEMO, "grpc-server", labels={})
        cluster.create(SERVICES, DEMO, "later", spec=SPECS[SERVICES], metadata={"labels": labels})

    cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.set_metadata(SERVICES, DEMO, "grpc-server", finalizers=KEEP)
    cluster.faults.before("PATCH", NAMESPACES.path(name=DEMO), relabel)
    with pytest.raises(GrpcdemoError, match=r"services/grpc-server \(finalizer example.com/keep\)") as caught:
        await cleanup(cluster_api, CleanupConfig(timeout_s=0), events.append)
    assert "later" not in caught.value.message


async def test_a_recreated_object_is_left_alone(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    """Another object may take its name between the list and the deletion."""

    def swap() -> None:
        old = cluster.store.remove(SERVICES, DEMO, "grpc-server")
        cluster.create(SERVICES, DEMO, "grpc-server", spec=old["spec"])

    add_foreign(cluster, PODS)
    cluster.faults.before("DELETE", SERVICES.path(DEMO, "grpc-server"), swap)
    await cleanup(demo_api, CleanupConfig(wait=False), events.append)
    assert "services/grpc-server" in ours(cluster)


def replace_namespace(cluster: HollowCluster, **labels: str) -> None:
    """Somebody deletes the namespace, and creates one of the same name with a Deployment in it."""
    for resource in (SERVICES, DEPLOYMENTS, REPLICA_SETS, PODS):
        for name in cluster.names(resource, DEMO):
            cluster.store.remove(resource, DEMO, name)
    if DEMO in cluster.names(NAMESPACES):
        cluster.store.remove(NAMESPACES, "", DEMO)
    cluster.create_namespace(DEMO, labels=labels)
    cluster.create(DEPLOYMENTS, DEMO, "new", spec=SPECS[DEPLOYMENTS], metadata={"labels": labels})


async def test_a_namespace_that_somebody_has_replaced_stays(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    """Between the look at it and the deletion."""
    cluster.faults.before("DELETE", NAMESPACES.path(name=DEMO), partial(replace_namespace, cluster))
    await cleanup(demo_api, NO_WAIT, events.append)
    assert cluster.names(DEPLOYMENTS, DEMO) == ["new"]
    assert "being deleted" not in events.done
    assert f"namespace {DEMO} is kept, because grpcdemo did not create it" in events.done


async def test_a_demo_that_somebody_has_replaced_is_cleaned_up_too(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    labels = {"app.kubernetes.io/managed-by": "grpcdemo", "app.kubernetes.io/part-of": "grpcdemo"}
    cluster.faults.before("DELETE", NAMESPACES.path(name=DEMO), partial(replace_namespace, cluster, **labels))
    await cleanup(demo_api, CONFIG, events.append)
    assert DEMO not in cluster.names(NAMESPACES)
    assert "deleted deployments/new" in events.done


async def test_labels_are_not_restored_in_another_namespace(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.create_namespace(DEMO, labels={"istio.io/rev": "canary"})
    await up(cluster_api, UpConfig(), events.append)
    cluster.faults.before("PATCH", NAMESPACES.path(name=DEMO), partial(replace_namespace, cluster, team="x"))
    await cleanup(cluster_api, CONFIG, events.append)
    assert cluster.labels(DEMO) == {"team": "x"}
    assert "labels restored" not in events.done


async def test_a_namespace_that_somebody_creates_afterwards_is_told(
    cluster: HollowCluster, demo_api: Api, events: Events
) -> None:
    cluster.faults.before("GET", NAMESPACES.path(), partial(replace_namespace, cluster))
    await cleanup(demo_api, CONFIG, events.append)
    assert cluster.names(DEPLOYMENTS, DEMO) == ["new"]
    assert "somebody has created another namespace" in events.warned


DELETIONS = {
    "namespace": NAMESPACES.path(name=DEMO),
    "Service": SERVICES.path(DEMO, "grpc-server"),
    "Deployment": DEPLOYMENTS.path(DEMO, "grpc-client"),
}
deletions = pytest.mark.parametrize("path", DELETIONS.values(), ids=DELETIONS)
CONFLICT = refuse(409, "the object has been modified")


@deletions
@pytest.mark.parametrize("fault", [CONFLICT, lose_answer, cut()], ids=["conflict", "answer lost", "connection cut"])
@pytest.mark.parametrize("shared", [False, True])
async def test_a_conflict_is_not_a_deletion(
    cluster: HollowCluster, cluster_api: Api, events: Events, path: str, fault: Answer, shared: bool
) -> None:
    if shared:
        cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.faults.on("DELETE", path, fault, fault, None)
    (cleaned,) = await cleanup(cluster_api, NO_WAIT, events.append)
    await cluster.settle()
    assert ours(cluster) == []
    assert {*cleaned.deleted} == {*CREATED}
    assert cluster.names(NAMESPACES).count(DEMO) is int(shared)


@deletions
async def test_a_conflict_that_stays_is_an_error(
    cluster: HollowCluster, demo_api: Api, events: Events, path: str
) -> None:
    cluster.faults.on("DELETE", path, CONFLICT)
    with pytest.raises(Conflict, match="the object has been modified"):
        await cleanup(demo_api, NO_WAIT, events.append)
    assert "being deleted" not in events.done
    assert DEMO in cluster.names(NAMESPACES)
