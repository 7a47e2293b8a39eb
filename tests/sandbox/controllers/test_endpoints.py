"""Endpoints say what the EndpointSlices of a Service say."""

from __future__ import annotations

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINTS, SERVICES
from tests.fakes.hollow_node import SLOW_TO_STOP
from tests.sandbox.controllers.world import NAMESPACE, World, running, serve


def subsets(world: World) -> list[Object]:
    found: list[Object] = world.store.get(ENDPOINTS, NAMESPACE, "server").get("subsets", [])
    return found


def addresses(world: World, part: str = "addresses") -> set[str]:
    return {address["ip"] for subset in subsets(world) for address in subset.get(part, [])}


def ips(world: World) -> list[str]:
    return [pod["status"]["podIP"] for pod in world.pods()]


async def test_they_come_with_the_service_and_go_with_it() -> None:
    world = World()
    serve(world)
    async with running(world):
        found = world.store.get(ENDPOINTS, NAMESPACE, "server")
        assert "subsets" not in found
        assert found["metadata"]["labels"] == {
            "team": "red",
            "endpoints.kubernetes.io/managed-by": "endpoint-controller",
        }
        world.store.remove(ENDPOINTS, NAMESPACE, "server")
        await world.settle()
        assert world.store.find(ENDPOINTS, NAMESPACE, "server")
        world.store.remove(SERVICES, NAMESPACE, "server")
        await world.settle()
        assert world.store.find(ENDPOINTS, NAMESPACE, "server") is None


async def test_they_follow_the_pods() -> None:
    world = World()
    serve(world)
    world.deploy(2)
    async with running(world):
        assert addresses(world) == set(ips(world))
        (subset,) = subsets(world)
        assert subset["ports"] == [{"name": "grpc", "port": 50051, "protocol": "TCP", "appProtocol": "grpc"}]
        first, second = world.pods()
        world.node.set_ready(first, False)
        await world.settle()
        assert addresses(world) == {second["status"]["podIP"]}
        assert addresses(world, "notReadyAddresses") == {first["status"]["podIP"]}


async def test_a_pod_on_its_way_out_is_in_neither_list() -> None:
    world = World()
    serve(world)
    world.deploy(1)
    world.node.behavior = lambda pod: SLOW_TO_STOP
    async with running(world):
        (leaving,) = world.pods()
        world.change(lambda spec: spec.update(replicas=0))
        await world.settle()
        assert ips(world) == [leaving["status"]["podIP"]]
        assert subsets(world) == []
