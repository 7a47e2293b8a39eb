"""`cleanup`: all that is ours goes, nothing that is not, and what was lent is given back as it was."""

from __future__ import annotations

import copy

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.api import Api
from grpcdemo.model import StepEvent
from grpcdemo.steps.cleanup import CleanupConfig, cleanup
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.script import Asked

from .cluster import Cluster
from .told import done, is_dry, warned

DEMO = "istio-grpc-demo"
CONFIG = CleanupConfig()


def ours(cluster: Cluster) -> list[str]:
    kinds = ("services", "deployments", "replicasets", "pods")
    return [f"{kind}/{name}" for kind in kinds for name in cluster.store.names(kind, DEMO)]


async def test_our_namespace_goes_with_all_in_it(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    await cleanup(demo_api, CONFIG, events.append)
    assert cluster.store.names("namespaces") == []
    assert ours(cluster) == []
    assert f"namespace {DEMO} is gone" in done(events)


async def test_nothing_is_nothing_to_do(cluster: Cluster, cluster_api: Api, events: list[StepEvent]) -> None:
    await cleanup(cluster_api, CONFIG, events.append)
    assert cluster.store.changes == []
    assert "nothing to clean up" in done(events)


async def test_a_lent_namespace_is_given_back_as_it_was(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    labels, annotations = {"team": "x", "istio.io/rev": "canary"}, {"note": "keep"}
    cluster.add_namespace(DEMO, labels=dict(labels), annotations=dict(annotations))
    cluster.store.put("configmaps", DEMO, {"metadata": {"name": "theirs"}})
    await up(cluster_api, UpConfig(), events.append)
    await switch(cluster_api, SwitchConfig(on=True), events.append)
    assert cluster.labels(DEMO) == {"team": "x", "istio-injection": "enabled"}
    await cleanup(cluster_api, CONFIG, events.append)
    metadata = cluster.store.get("namespaces", "", DEMO)["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == (labels, annotations)
    assert ours(cluster) == []
    assert cluster.store.names("configmaps", DEMO) == ["theirs"]
    assert "grpcdemo did not create it; labels restored: no istio-injection, istio.io/rev=canary" in done(events)


@pytest.mark.parametrize("kind", ["pods", "deployments", "services", "configmaps", "secrets", "persistentvolumeclaims"])
async def test_strangers_keep_our_namespace(
    cluster: Cluster, demo_api: Api, events: list[StepEvent], kind: str
) -> None:
    cluster.store.put(kind, DEMO, {"metadata": {"name": "theirs"}})
    await cleanup(demo_api, CONFIG, events.append)
    assert ours(cluster) == ([f"{kind}/theirs"] if kind in ("pods", "deployments", "services") else [])
    assert cluster.store.names(kind, DEMO) == ["theirs"]
    assert f"stays, because it also holds {kind}/theirs" in warned(events)


@pytest.mark.parametrize(
    "kind, found",
    [
        ("configmaps", {"metadata": {"name": "kube-root-ca.crt"}}),
        ("configmaps", {"metadata": {"name": "istio-ca-root-cert"}}),
        ("secrets", {"metadata": {"name": "default-token-x"}, "type": "kubernetes.io/service-account-token"}),
        ("pods", {"metadata": {"name": "owned", "ownerReferences": [{"uid": "x"}]}}),
    ],
)
async def test_what_controllers_made_is_no_stranger(
    cluster: Cluster, demo_api: Api, events: list[StepEvent], kind: str, found: dict[str, object]
) -> None:
    cluster.store.put(kind, DEMO, found)
    await cleanup(demo_api, CONFIG, events.append)
    assert cluster.store.names("namespaces") == []


@pytest.mark.parametrize("lent", [False, True])
async def test_a_dry_run_changes_nothing(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent], lent: bool
) -> None:
    if lent:
        cluster.add_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.store.asked.clear()
    before = copy.deepcopy(cluster.store.objects)
    cluster_api.dry_run = True
    await cleanup(cluster_api, CONFIG, events.append)
    assert cluster.store.changes
    assert all(is_dry(change) for change in cluster.store.changes)
    assert cluster.store.objects == before


async def test_what_blocks_is_named(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    cluster.store.get("namespaces", "", DEMO)["metadata"]["finalizers"] = ["example.com/keep"]
    with pytest.raises(GrpcdemoError, match=r"still terminating after .*example.com/keep") as caught:
        await cleanup(demo_api, CleanupConfig(timeout_s=0.02), events.append)
    assert "finalizer" in str(caught.value.hint)
    assert ours(cluster) == []


async def test_a_second_cleanup_waits_for_the_first(
    cluster: Cluster, cluster_api: Api, events: list[StepEvent]
) -> None:
    cluster.add_namespace(DEMO, deletionTimestamp="2026-05-04T10:00:00Z", finalizers=["kubernetes"])
    with pytest.raises(GrpcdemoError, match="still terminating"):
        await cleanup(cluster_api, CleanupConfig(timeout_s=0.02), events.append)
    assert cluster.store.changes == []


async def test_nobody_has_to_wait(cluster: Cluster, demo_api: Api, events: list[StepEvent]) -> None:
    cluster.store.get("namespaces", "", DEMO)["metadata"]["finalizers"] = ["example.com/keep"]
    await cleanup(demo_api, CleanupConfig(wait=False), events.append)
    assert "is gone" not in done(events)


async def test_what_of_ours_does_not_go_is_named(cluster: Cluster, cluster_api: Api, events: list[StepEvent]) -> None:
    cluster.add_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    cluster.store.get("services", DEMO, "grpc-server")["metadata"]["finalizers"] = ["example.com/keep"]
    with pytest.raises(GrpcdemoError, match=r"services/grpc-server \(finalizer example.com/keep\)") as caught:
        await cleanup(cluster_api, CleanupConfig(timeout_s=0.02), events.append)
    assert f"get services/grpc-server --output yaml --namespace {DEMO}" in str(caught.value.hint)


async def test_an_object_that_was_made_anew_is_left_alone(
    cluster: Cluster, demo_api: Api, events: list[StepEvent]
) -> None:
    """Between our look and our deletion somebody may make another one of that name."""
    theirs = {"metadata": {"name": "grpc-server", "uid": "another"}}

    def swap(asked: Asked) -> None:
        if asked.method == "DELETE" and asked.path.endswith("/services/grpc-server"):
            cluster.store.put("services", DEMO, theirs)

    cluster.store.put("configmaps", DEMO, {"metadata": {"name": "theirs"}})
    cluster.store.before = swap
    await cleanup(demo_api, CleanupConfig(wait=False), events.append)
    assert cluster.store.get("services", DEMO, "grpc-server") == theirs
