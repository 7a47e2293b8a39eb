"""Namespaces: the default ServiceAccount, and deletion."""

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS, SERVICE_ACCOUNTS, SERVICES
from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.controllers.conditions import find_condition
from tests.fakes.hollow_node import SLOW_TO_STOP
from tests.sandbox.controllers.world import NAMESPACE, World, deployed, running, serve

SLOW = "example.com/slow"


def content(world: World) -> set[str]:
    return {resource.kind for resource in STORED if resource.namespaced and world.store.list(resource, NAMESPACE)}


def condition(world: World, kind: str) -> Object:
    found = find_condition(world.store.get(NAMESPACES, "", NAMESPACE)["status"], kind)
    assert found
    return found


async def delete_namespace(world: World) -> None:
    world.delete_namespace(NAMESPACE)
    await world.settle()


async def test_the_default_service_account_is_created_and_restored() -> None:
    world = World()
    async with running(world):
        world.create_namespace("other")
        await world.settle()
        assert [world.names(SERVICE_ACCOUNTS, name) for name in (NAMESPACE, "other")] == [["default"]] * 2
        world.store.remove(SERVICE_ACCOUNTS, NAMESPACE, "default")
        await world.settle()
        assert world.store.find(SERVICE_ACCOUNTS, NAMESPACE, "default")


async def test_a_deleted_namespace_takes_only_its_own_content() -> None:
    async with deployed(3, service={}) as world:
        world.create_namespace("other")
        await world.settle()
        assert content(world) >= {"Deployment", "ReplicaSet", "Pod", "Service", "EndpointSlice", "Event"}
        await delete_namespace(world)
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None
        assert content(world) == set()
        assert world.store.find(SERVICE_ACCOUNTS, "other", "default")


async def test_pods_are_deleted_before_everything_else() -> None:
    async with deployed(2, service={}) as world:
        world.node.behavior = lambda pod: SLOW_TO_STOP
        await delete_namespace(world)
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


async def test_remaining_content_has_a_clusters_conditions() -> None:
    world = World()
    serve(world)
    async with running(world):
        world.set_metadata(SERVICES, NAMESPACE, "server", finalizers=[SLOW])
        await delete_namespace(world)
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
        world.set_metadata(SERVICES, NAMESPACE, "server", finalizers=[])
        await world.settle()
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None


async def test_a_finalizer_keeps_an_empty_namespace() -> None:
    async with deployed(1) as world:
        world.set_metadata(NAMESPACES, "", NAMESPACE, finalizers=[SLOW])
        await delete_namespace(world)
        namespace = world.store.get(NAMESPACES, "", NAMESPACE)
        assert namespace["spec"]["finalizers"] == []
        assert world.store.list(DEPLOYMENTS, NAMESPACE) == []
        world.set_metadata(NAMESPACES, "", NAMESPACE, finalizers=[])
        await world.settle()
        assert world.store.find(NAMESPACES, "", NAMESPACE) is None
