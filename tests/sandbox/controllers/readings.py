"""What the tests of Deployments read off a world."""

from __future__ import annotations

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, PODS
from grpcdemo.sandbox.controllers.owners import is_deleting
from grpcdemo.sandbox.controllers.replica_set import is_ready
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
    """At every change of a pod: how many there were, those that are going left out, and how many were ready."""
    pods: dict[str, Object] = {}
    counts = []
    for event in await history(world, 1):
        if event.resource is not PODS:
            continue
        pods.pop(event.object["metadata"]["name"], None)
        if event.type != "DELETED":
            pods[event.object["metadata"]["name"]] = event.object
        live = [pod for pod in pods.values() if not is_deleting(pod)]
        if event.version > since:
            counts.append((len(live), sum(map(is_ready, live))))
    return counts
