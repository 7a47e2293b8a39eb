"""What the demo lacks is said while nobody calls, or nobody answers."""

from collections.abc import Callable

import pytest

from grpcdemo.errors import NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, SERVICES
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.verdict import Outcome
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse

from .scene import NAMESPACE, Scene, watching

SOON = ObserveConfig(gap_s=0.01)
SERVER, CLIENT = "grpc-server", "grpc-client"


def scale_down(name: str) -> Callable[[HollowCluster], None]:
    return lambda cluster: cluster.set_spec(DEPLOYMENTS, NAMESPACE, name, replicas=0)


def delete(name: str) -> Callable[[HollowCluster], None]:
    def act(cluster: HollowCluster) -> None:
        cluster.registry.delete(DEPLOYMENTS, NAMESPACE, name, options={"propagationPolicy": "Background"})

    return act


@pytest.mark.parametrize(
    ("act", "reason", "hint"),
    [
        (
            scale_down(SERVER),
            "Deployment grpc-server is scaled to 0: it has no pods",
            f"scale it up with `kubectl scale deployments/grpc-server --replicas 1 --namespace {NAMESPACE}`, or with "
            "`grpcdemo up`",
        ),
        (scale_down(CLIENT), "Deployment grpc-client is scaled to 0: it has no pods", "scale it up with `kubectl"),
        (delete(SERVER), f"there is no Deployment grpc-server in namespace {NAMESPACE}", "`grpcdemo up` creates it"),
        (delete(CLIENT), f"there is no Deployment grpc-client in namespace {NAMESPACE}", "`grpcdemo up` creates it"),
    ],
    ids=["servers scaled", "client scaled", "servers missing", "client missing"],
)
async def test_what_goes_meanwhile(
    cluster: HollowCluster, demo_api: Api, act: Callable[[HollowCluster], None], reason: str, hint: str
) -> None:
    async with watching(demo_api, SOON) as watch:
        await watch.until(lambda one: one.verdict.outcome is Outcome.PINNED)
        act(cluster)
        observation = await watch.until(lambda one: one.hint is not None)
        assert (observation.verdict.outcome, observation.verdict.reason) == (Outcome.INCONCLUSIVE, reason)
        assert str(observation.hint).startswith(hint)


async def test_what_goes_while_the_last_server_still_answers(scene: Scene) -> None:
    async with scene.watching(SOON) as watch:
        for server in ("a", "b", "c"):
            scene.delete(server, stops=False)
        await watch.until(lambda one: not one.servers)
        scene.calls("x", 1, "c")
        await watch.responses(1)
        observation = await watch.until(lambda one: str(one.hint) == "deploy it with `grpcdemo up`")
    assert observation.departed == {"c": "ip-of-c"}
    assert observation.verdict.reason == f"there is no demo in namespace {NAMESPACE}"


async def test_a_service_that_is_missing(cluster: HollowCluster, demo_api: Api) -> None:
    cluster.registry.delete(SERVICES, NAMESPACE, SERVER)
    await cluster.settle()
    async with watching(demo_api, SOON) as watch:
        observation = await watch.until(lambda one: one.hint is not None)
        assert observation.verdict.reason == f"there is no Service grpc-server in namespace {NAMESPACE}"
        assert str(observation.hint) == "`grpcdemo up` creates it"


async def test_what_is_there_again_is_observed(cluster: HollowCluster, demo_api: Api) -> None:
    scale_down(SERVER)(cluster)
    await cluster.settle()
    async with watching(demo_api, SOON) as watch:
        await watch.until(lambda one: one.hint is not None)
        cluster.set_spec(DEPLOYMENTS, NAMESPACE, SERVER, replicas=3)
        observation = await watch.until(lambda one: one.verdict.outcome is Outcome.PINNED)
        assert observation.hint is None


async def test_who_may_not_look_is_told_of_no_gap(cluster: HollowCluster, demo_api: Api) -> None:
    scale_down(SERVER)(cluster)
    await cluster.settle()
    forbidden = refuse(403, 'User "jane" cannot get resource "x"')
    paths = (DEPLOYMENTS.path(NAMESPACE), NAMESPACES.path(name=NAMESPACE), SERVICES.path(NAMESPACE, SERVER))
    for path in paths:
        cluster.faults.on("GET", path, forbidden)
    async with watching(demo_api, SOON) as watch:
        observation = await watch.until(lambda _: all(len(cluster.faults.asked_for("GET", path)) > 2 for path in paths))
    assert (observation.hint, observation.verdict.reason) == (None, "nothing to balance over: no ready server")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (scale_down(CLIENT), "Deployment grpc-client is scaled to 0: it has no pods"),
        (delete(CLIENT), f"there is no Deployment grpc-client in namespace {NAMESPACE}"),
        (
            lambda cluster: cluster.delete_namespace(NAMESPACE),
            f"there is no demo: namespace {NAMESPACE} does not exist",
        ),
    ],
    ids=["scaled", "missing", "no namespace"],
)
async def test_there_is_no_client_to_observe(
    cluster: HollowCluster, demo_api: Api, act: Callable[[HollowCluster], None], message: str
) -> None:
    act(cluster)
    await cluster.settle()
    with pytest.raises(NotFound) as caught:
        async with watching(demo_api) as watch:
            await watch.until(lambda _: True)
    assert caught.value.message == message
    assert caught.value.hint


async def test_a_namespace_without_a_demo(cluster: HollowCluster, cluster_api: Api) -> None:
    cluster.create_namespace(NAMESPACE)
    with pytest.raises(NotFound, match=f"^there is no demo in namespace {NAMESPACE}$"):
        async with watching(cluster_api) as watch:
            await watch.until(lambda _: True)
