"""Garbage collection: background, foreground and orphans, as `kubectl delete --cascade` asks for them."""

from grpcdemo.resources.objects import is_terminating
from grpcdemo.resources.resource import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICE_ACCOUNTS
from tests.fakes.hollow_node import SLOW_TO_STOP
from tests.sandbox.controllers.world import NAMESPACE, World, deployed


def delete(world: World, policy: str) -> None:
    world.registry.delete(DEPLOYMENTS, NAMESPACE, "server", options={"propagationPolicy": policy})


async def test_background_deletes_the_owner_first() -> None:
    async with deployed(2) as world:
        world.node.behavior = lambda pod: SLOW_TO_STOP
        delete(world, "Background")
        assert world.store.find(DEPLOYMENTS, NAMESPACE, "server") is None
        await world.settle()
        assert world.replica_sets() == []
        assert [is_terminating(pod) for pod in world.pods()] == [True, True]
        for pod in world.pods():
            world.store.remove(PODS, NAMESPACE, pod["metadata"]["name"])
        await world.settle()
        assert world.pods() == []


async def test_foreground_deletes_the_owner_last() -> None:
    async with deployed(2) as world:
        world.node.behavior = lambda pod: SLOW_TO_STOP
        delete(world, "Foreground")
        await world.settle()
        assert "deletionTimestamp" in world.deployment()["metadata"]
        assert [is_terminating(found) for found in world.replica_sets()] == [True]
        assert len(world.pods()) == 2
        world.store.remove(PODS, NAMESPACE, world.pods()[0]["metadata"]["name"])
        await world.settle()
        assert len(world.replica_sets()) == 1
        world.store.remove(PODS, NAMESPACE, world.pods()[0]["metadata"]["name"])
        await world.settle()
        assert world.replica_sets() == []
        assert world.store.find(DEPLOYMENTS, NAMESPACE, "server") is None


async def test_orphans_stay_and_keep_their_other_owners() -> None:
    async with deployed(2) as world:
        owners = [
            {"apiVersion": kind.api_version, "kind": kind.kind, "name": found["metadata"]["name"], "uid": uid}
            for kind, found in ((DEPLOYMENTS, world.deployment()), (REPLICA_SETS, world.replica_sets()[0]))
            for uid in [found["metadata"]["uid"]]
        ]
        world.set_metadata(SERVICE_ACCOUNTS, NAMESPACE, "default", ownerReferences=owners)
        delete(world, "Orphan")
        await world.settle()
        assert world.store.find(DEPLOYMENTS, NAMESPACE, "server") is None
        (replica_set,) = world.replica_sets()
        assert "ownerReferences" not in replica_set["metadata"]
        account = world.store.get(SERVICE_ACCOUNTS, NAMESPACE, "default")
        assert account["metadata"]["ownerReferences"] == owners[1:]
        assert len(world.pods()) == 2


async def test_one_living_owner_keeps_an_object() -> None:
    async with deployed(1) as world:
        (owner,) = world.replica_sets()
        present = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        absent = {**present, "uid": "nobody's"}
        for name, owners in (("kept", [absent, present]), ("lost", [absent])):
            world.create(SERVICE_ACCOUNTS, NAMESPACE, name, metadata={"ownerReferences": owners})
        await world.settle()
        assert world.store.find(SERVICE_ACCOUNTS, NAMESPACE, "kept")
        assert world.store.find(SERVICE_ACCOUNTS, NAMESPACE, "lost") is None
        world.registry.delete(REPLICA_SETS, NAMESPACE, owner["metadata"]["name"])
        await world.settle()
        assert world.store.find(SERVICE_ACCOUNTS, NAMESPACE, "kept") is None
