"""Namespaces: the ServiceAccount in a new one, and the end of one that is deleted."""

from __future__ import annotations

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS, SERVICE_ACCOUNTS, SERVICES
from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.controllers.conditions import find_condition
from tests.fakes.hollow_node import SLOW_TO_STOP
from tests.sandbox.controllers.world import NAMESPACE, World, running, serve

SLOW = "example.com/slow"


def content(world: World) -> set[str]:
    return {resource.kind for resource in STORED if resource.namespaced and world.store.list(resource, NAMESPACE)}


def condition(world: World, kind: str) -> Object:
    found = find_condition(world.store.get(NAMESPACES, "", NAMESPACE)["status"], kind)
    assert found
    return found


def set_finalizers(world: World, finalizers: list[str]) -> None:
    service = world.store.get(SERVICES, NAMESPACE, "server")
    service["metadata"]["finalizers"] = finalizers
    world.store.update(SERVICES, service)


async def test_a_namespace_has_a_default_service_account_also_after_somebody_deleted_it() -> None:
    world = World()
    async with running(world):
        for name in (NAMESPACE, "other"):
            if name == "other":
                world.create_namespace(name)
                await world.settle()
            assert world.store.find(SERVICE_ACCOUNTS, name, "default")
        world.store.remove(SERVICE_ACCOUNTS, NAMESPACE, "default")
        await world.settle()
        assert world.store.find(SERVICE_ACCOUNTS, NAMESPACE, "default")


async def test_a_deleted_namespace_takes_everything_with_it_and_nothing_else() -> None:
    world = World()
    world.create_namespace("other")
    serve(world)
    world.deploy(3)
    async with running(world):
        assert content(world) >= {"Deployment", "ReplicaSet", "Pod", "Service", "EndpointSlice", "Event"}
        world.registry.delete(NAMESPACES, "", NAMESPACE)
        await world.settle()
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None
        assert content(world) == set()
        assert world.store.find(SERVICE_ACCOUNTS, "other", "default")


async def test_nothing_but_pods_goes_before_the_pods_are_gone() -> None:
    world = World()
    serve(world)
    world.deploy(2)
    async with running(world):
        world.node.behavior = lambda pod: SLOW_TO_STOP
        world.registry.delete(NAMESPACES, "", NAMESPACE)
        await world.settle()
        assert len(world.pods()) == 2
        assert world.store.find(SERVICES, NAMESPACE, "server")
        assert world.store.get(NAMESPACES, "", NAMESPACE)["status"]["phase"] == "Terminating"
        message = condition(world, "NamespaceContentRemaining")["message"]
        assert "pods. has 2 resource instances" in message
        assert "deployments.apps has 1 resource instances" in message
        for pod in world.pods():
            world.store.remove(PODS, NAMESPACE, pod["metadata"]["name"])
        await world.settle()
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None


async def test_what_holds_a_namespace_back_is_said_as_a_cluster_says_it() -> None:
    world = World()
    serve(world)
    async with running(world):
        set_finalizers(world, [SLOW])
        world.registry.delete(NAMESPACES, "", NAMESPACE)
        await world.settle()
        said = {
            kind: (found["status"], found["reason"], found["message"])
            for kind in ("NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure")
            for found in [condition(world, kind)]
        }
        assert said == {
            "NamespaceContentRemaining": (
                "True",
                "SomeResourcesRemain",
                "Some resources are remaining: services. has 1 resource instances",
            ),
            "NamespaceFinalizersRemaining": (
                "True",
                "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: example.com/slow in 1 resource instances",
            ),
            "NamespaceDeletionContentFailure": (
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
        }
        set_finalizers(world, [])
        await world.settle()
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None


async def test_a_finalizer_of_the_namespace_itself_keeps_it_when_it_is_empty() -> None:
    world = World()
    world.deploy(1)
    async with running(world):
        namespace = world.store.get(NAMESPACES, "", NAMESPACE)
        namespace["metadata"]["finalizers"] = [SLOW]
        world.store.update(NAMESPACES, namespace)
        world.registry.delete(NAMESPACES, "", NAMESPACE)
        await world.settle()
        namespace = world.store.get(NAMESPACES, "", NAMESPACE)
        assert namespace["spec"]["finalizers"] == []
        assert world.store.list(DEPLOYMENTS, NAMESPACE) == []
        namespace["metadata"]["finalizers"] = []
        world.store.update(NAMESPACES, namespace)
        await world.settle()
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None
