"""What the tests of Deployments read off a world."""

from __future__ import annotations

from grpcdemo.resources.objects import Object, is_terminating
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import EVENTS, PODS, REPLICA_SETS
from grpcdemo.sandbox.controllers.revision import REVISION
from tests.sandbox.controllers.world import NAMESPACE, World, history


def told(world: World, about: str = "Deployment") -> list[str]:
    events = world.store.list(EVENTS, NAMESPACE)
    return [found["message"] for found in events if found["involvedObject"]["kind"] == about]


def notes(world: World) -> list[dict[str, str]]:
    """The annotations of the ReplicaSets, by revision."""
    found = [found["metadata"]["annotations"] for found in world.replica_sets()]
    return sorted(found, key=lambda each: int(each[REVISION]))


def sizes(world: World) -> list[int]:
    """By revision."""
    found = sorted(world.replica_sets(), key=lambda each: int(each["metadata"]["annotations"][REVISION]))
    return [each["spec"]["replicas"] for each in found]


async def counts_after(world: World, since: int) -> list[tuple[int, int]]:
    """At every change: the size of all ReplicaSets together, and how many pods were ready.

    Sizes, because they are what a Deployment bounds: a ReplicaSet that grows may be quicker than one that shrinks.
    """
    objects: dict[str, Object] = {}
    counts = []
    for event in await history(world, 1):
        if event.resource not in (REPLICA_SETS, PODS):
            continue
        objects.pop(event.object["metadata"]["uid"], None)
        if event.type != "DELETED":
            objects[event.object["metadata"]["uid"]] = event.object
        size = sum(obj["spec"]["replicas"] for obj in objects.values() if obj["kind"] == "ReplicaSet")
        ready = sum(is_ready(obj) and not is_terminating(obj) for obj in objects.values() if obj["kind"] == "Pod")
        if event.version > since:
            counts.append((size, ready))
    return counts
