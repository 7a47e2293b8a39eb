"""Adoption of orphans, and release of what no longer matches."""

from grpcdemo.resources.objects import Object, controller_of
from grpcdemo.resources.resource import DEPLOYMENTS, PODS, REPLICA_SETS
from tests.sandbox.controllers.world import NAMESPACE, World, build_deployment, deployed

ORPHAN = {"propagationPolicy": "Orphan"}
HELD = ["example.com/hold"]


def name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


async def relabel(world: World, pod: str, app: str) -> None:
    labels = world.store.get(PODS, NAMESPACE, pod)["metadata"]["labels"]
    world.set_metadata(PODS, NAMESPACE, pod, labels={**labels, "app": app})
    await world.settle()


async def test_a_relabeled_pod_is_released_and_replaced() -> None:
    async with deployed(1) as world:
        (pod,) = world.pods()
        await relabel(world, name(pod), "debug")
        released = world.store.get(PODS, NAMESPACE, name(pod))
        (replacement,) = [found for found in world.pods() if name(found) != name(pod)]
        assert "ownerReferences" not in released["metadata"]
        assert controller_of(replacement)
        assert world.deployment()["status"]["replicas"] == 1


async def test_a_pod_whose_labels_are_restored_is_adopted() -> None:
    async with deployed(1) as world:
        (pod,) = world.pods()
        await relabel(world, name(pod), "debug")
        await relabel(world, name(pod), "server")
        (kept,) = world.pods()
        assert controller_of(kept)


async def test_orphaned_pods_are_adopted() -> None:
    async with deployed(2) as world:
        before, (replica_set,) = list(map(name, world.pods())), world.replica_sets()
        world.registry.delete(DEPLOYMENTS, NAMESPACE, "server", options=ORPHAN)
        world.registry.delete(REPLICA_SETS, NAMESPACE, name(replica_set), options=ORPHAN)
        await world.settle()
        assert (world.replica_sets(), list(map(name, world.pods()))) == ([], before)
        assert not any(map(controller_of, world.pods()))

        world.deploy(2)
        await world.settle()
        assert list(map(name, world.pods())) == before
        assert all(map(controller_of, world.pods()))


async def test_an_orphaned_replica_set_is_adopted() -> None:
    async with deployed(2) as world:
        before, (replica_set,) = list(map(name, world.pods())), world.replica_sets()
        world.registry.delete(DEPLOYMENTS, NAMESPACE, "server", options=ORPHAN)
        await world.settle()
        world.deploy(3)
        await world.settle()
        assert list(map(name, world.replica_sets())) == [name(replica_set)]
        assert set(before) < set(map(name, world.pods()))
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")


async def test_a_succeeded_pod_is_not_adopted() -> None:
    async with deployed(1) as world:
        (pod,) = world.pods()
        metadata = {"name": "done", "namespace": NAMESPACE, "labels": pod["metadata"]["labels"]}
        status = {"phase": "Succeeded"}
        world.store.create(PODS, {"metadata": metadata, "spec": pod["spec"], "status": status})
        await world.settle()
        assert len(world.pods()) == 2
        assert controller_of(world.store.get(PODS, NAMESPACE, "done")) is None


async def test_pods_with_a_controller_are_not_adopted() -> None:
    async with deployed(1) as world:
        (replica_set,) = world.replica_sets()
        spec = {key: build_deployment(1)["spec"][key] for key in ("replicas", "selector", "template")}
        world.registry.create(REPLICA_SETS, NAMESPACE, {**replica_set, "metadata": {"name": "other"}, "spec": spec})
        await world.settle()
        owners = [controller["name"] for pod in world.pods() if (controller := controller_of(pod))]
        assert sorted(owners) == sorted(["other", name(replica_set)])


async def test_a_terminating_replica_set_is_not_adopted() -> None:
    async with deployed(1) as world:
        (replica_set,) = world.replica_sets()
        metadata = {"name": "leaving", "labels": replica_set["metadata"]["labels"], "finalizers": HELD}
        world.registry.create(REPLICA_SETS, NAMESPACE, {**replica_set, "metadata": metadata})
        world.store.mark_deleted(REPLICA_SETS, NAMESPACE, "leaving")
        await world.settle()
        assert controller_of(world.store.get(REPLICA_SETS, NAMESPACE, "leaving")) is None


async def test_a_terminating_deployment_releases_nothing() -> None:
    async with deployed(1) as world:
        world.set_metadata(DEPLOYMENTS, NAMESPACE, "server", finalizers=HELD)
        world.registry.delete(DEPLOYMENTS, NAMESPACE, "server")
        (replica_set,) = world.replica_sets()
        world.set_metadata(REPLICA_SETS, NAMESPACE, name(replica_set), labels={"app": "debug"})
        await world.settle()
        assert controller_of(world.store.get(REPLICA_SETS, NAMESPACE, name(replica_set)))
