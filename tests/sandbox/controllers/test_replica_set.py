"""ReplicaSets: their status, the pods that they create, and the order of deletion."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, NAMESPACES, PODS, REPLICA_SETS
from grpcdemo.sandbox.api.status import StatusError, forbidden
from grpcdemo.sandbox.controllers.conditions import build_condition, find_condition
from grpcdemo.sandbox.controllers.replica_set import ReplicaSetController, victim_order
from tests.fakes.hollow_node import SLOW_TO_STOP
from tests.sandbox.controllers.world import NAMESPACE, World, build_deployment, running, running_only

YOUNG, OLD = "2026-01-01T00:00:09Z", "2026-01-01T00:00:01Z"


def make_replica_set(world: World, replicas: int) -> Object:
    spec = {key: build_deployment()["spec"][key] for key in ("selector", "template")}
    made = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "server-abc"}}
    return world.registry.create(REPLICA_SETS, NAMESPACE, {**made, "spec": {**spec, "replicas": replicas}})


def status(world: World) -> Object:
    (found,) = world.replica_sets()
    status: Object = found["status"]
    return status


def message(world: World) -> str:
    """Of the condition ReplicaFailure."""
    failure = find_condition(status(world), "ReplicaFailure")
    assert failure
    return str(failure["message"])


@asynccontextmanager
async def replicated(replicas: int, refusal: StatusError | None = None) -> AsyncIterator[World]:
    """A world in which the ReplicaSet has settled; *refusal* is the answer to its pods."""
    world = World()
    if refusal:
        world.refuse_pods(refusal)
    make_replica_set(world, replicas)
    async with running(world):
        yield world


def pod(name: str, *, phase: str = "Running", ready: str | None = OLD, created: str = OLD, **more: object) -> Object:
    conditions = [build_condition("Ready", "True" if ready else "False", "", "", ready or OLD)]
    return {
        "metadata": {"name": name, "uid": name, "creationTimestamp": created, **more},
        "spec": {"nodeName": "node"},
        "status": {"phase": phase, "conditions": conditions},
    }


async def test_pods_have_an_owner_labels_and_events() -> None:
    async with replicated(2) as world:
        (made,) = world.replica_sets()
        first, second = world.pods()
        (owner,) = first["metadata"]["ownerReferences"]
        assert owner == {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": "server-abc",
            "uid": made["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        assert first["metadata"]["labels"] == {"app": "server"}
        assert first["metadata"]["generateName"] == "server-abc-"
        names = [found["metadata"]["name"] for found in (first, second)]
        assert sorted(world.told("ReplicaSet")) == [f"SuccessfulCreate: Created pod: {name}" for name in names]
        assert status(world) == {
            "replicas": 2,
            "fullyLabeledReplicas": 2,
            "readyReplicas": 2,
            "availableReplicas": 2,
            "terminatingReplicas": 0,
            "observedGeneration": 1,
        }


async def test_a_deleted_pod_is_replaced_before_it_is_gone() -> None:
    async with replicated(1) as world:
        (old,) = world.pods()
        world.node.behavior = lambda pod: SLOW_TO_STOP
        world.registry.delete(PODS, NAMESPACE, old["metadata"]["name"])
        await world.settle()
        assert len(world.pods()) == 2
        assert status(world)["replicas"] == 1
        assert status(world)["terminatingReplicas"] == 1


async def test_a_failed_pod_is_replaced_and_kept() -> None:
    async with replicated(1) as world:
        (ended,) = world.pods()
        world.store.update(PODS, {**ended, "status": {"phase": "Failed"}})
        await world.settle()
        assert len(world.pods()) == 2
        assert status(world)["replicas"] == 1


async def test_a_pod_without_a_label_of_the_template_is_not_fully_labeled() -> None:
    async with replicated(1) as world:
        (made,) = world.replica_sets()
        made["spec"]["template"]["metadata"]["labels"] = {"app": "server", "tier": "back"}
        world.store.update(REPLICA_SETS, made)
        await world.settle()
        assert status(world)["replicas"] == 1
        assert "fullyLabeledReplicas" not in status(world)


async def test_a_refusal_is_an_event_and_retried_with_backoff() -> None:
    async with replicated(3, forbidden(PODS, "server-abc-x", "exceeded quota")) as world:
        assert message(world) == 'pods "server-abc-x" is forbidden: exceeded quota'
        assert world.told("ReplicaSet") == [f"FailedCreate: Error creating: {message(world)}"]
        waits = []
        for _ in range(12):
            (timer,) = [timer for timer in world.clock.timers if not timer.cancelled]
            waits.append((timer.due - world.clock.now()).total_seconds())
            await world.advance(waits[-1])
        # The first wait was cut short: that it was refused changed its status, which is worth a look.
        assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0, 30.0, 30.0]
        (event,) = world.store.list(EVENTS, NAMESPACE)
        assert event["count"] == 14


async def test_the_first_refusal_stays_in_the_status() -> None:
    async with replicated(1, StatusError("InternalError", "first")) as world:
        world.refuse_pods(StatusError("InternalError", "second"))
        await world.advance(1)
        assert message(world) == "first"
        world.accept_pods()
        await world.advance(1)
        assert "conditions" not in status(world)


def test_the_order_of_deletion() -> None:
    nowhere = pod("nowhere", phase="Pending", ready=None)
    nowhere["spec"] = {}
    pods = [
        pod("longest ready"),
        pod("ready lately", ready=YOUNG),
        pod("as long, but younger", created=YOUNG),
        pod("not ready", ready=None),
        pod("pending", phase="Pending", ready=None),
        nowhere,
    ]
    assert [found["metadata"]["name"] for found in sorted(pods, key=victim_order)] == [
        "nowhere",
        "pending",
        "not ready",
        "ready lately",
        "as long, but younger",
        "longest ready",
    ]


async def test_scaling_down_deletes_unready_pods_first() -> None:
    async with replicated(3) as world:
        unready = world.pods()[1]
        world.node.set_ready(unready, False)
        (found,) = world.replica_sets()
        found["spec"]["replicas"] = 2
        world.store.update(REPLICA_SETS, found)
        await world.settle()
        assert unready["metadata"]["name"] not in [each["metadata"]["name"] for each in world.pods()]
        assert world.told("ReplicaSet")[-1] == f"SuccessfulDelete: Deleted pod: {unready['metadata']['name']}"


async def test_no_pods_in_a_terminating_namespace() -> None:
    world = World()
    make_replica_set(world, 1)
    world.store.mark_deleted(NAMESPACES, "", NAMESPACE)
    controller = ReplicaSetController(world.registry, world.clock)
    async with running_only(world, controller):
        assert world.pods() == []
        assert "conditions" not in status(world)
