"""All objects, and every change of them numbered: what etcd and the API server's watch cache are to a cluster.

Everything happens in one event loop, so a change is whole before anybody else looks. Objects go in and come
out as copies; nobody can change one but through here.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS, Resource
from grpcdemo.resources.times import write_now
from grpcdemo.sandbox.api.status import already_exists, conflict, expired, not_found

HISTORY = 2_000
"""How many changes are kept for watches that start in the past; older ones are answered with 410."""

GENERATED = {
    "Pod": ("spec",),
    "Deployment": ("spec",),
    "ReplicaSet": ("spec",),
    "EndpointSlice": ("endpoints", "ports"),
    "MutatingWebhookConfiguration": ("webhooks",),
}
"""The kinds whose objects have a generation, and the parts of them whose change raises it."""

KEPT = (
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
"""What an update cannot change."""

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Key = tuple[Resource, str, str]


@dataclass(frozen=True)
class Event:
    """One change. `old` is the object before it, so that a watch can tell what left its selector."""

    type: EventType
    resource: Resource
    object: Object
    old: Object | None
    version: int


class Store:
    """The objects, and the latest changes. Every method but `watch` and `changed` is done at once."""

    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._version = 1
        self._history: deque[Event] = deque(maxlen=HISTORY)
        self._bell = _Bell()

    @property
    def version(self) -> int:
        """The number of the latest change."""
        return self._version

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """Raises StatusError (NotFound). *namespace* is empty for a kind that has none."""
        return copy.deepcopy(self._find(resource, namespace, name))

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        found = self._objects.get((resource, namespace, name))
        return copy.deepcopy(found) if found is not None else None

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Every object of the kind, in one namespace or in all, ordered by namespace and name."""
        found = {key: obj for key, obj in self._objects.items() if key[0] is resource and namespace in (None, key[1])}
        return [copy.deepcopy(obj) for _, obj in _ordered(found)]

    def list_at(self, resource: Resource, namespace: str | None, version: int) -> Sequence[Object]:
        """What `list` answered when *version* was the latest. Raises Expired where that is forgotten."""
        objects = {key: found for key, found in self._objects.items() if key[0] is resource}
        for event in [event for event in self.events_after(version) if event.resource is resource][::-1]:
            metadata = event.object["metadata"]
            key = (resource, metadata.get("namespace", ""), metadata["name"])
            if event.old is None:
                objects.pop(key, None)
            else:
                objects[key] = event.old
        return [copy.deepcopy(found) for key, found in _ordered(objects) if namespace in (None, key[1])]

    def create(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        """Store a new object; fills in uid, creationTimestamp, resourceVersion, generation. AlreadyExists."""
        made = copy.deepcopy(obj)
        metadata = made["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        if key in self._objects:
            raise already_exists(resource, metadata["name"])
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = write_now()
        if resource.kind in GENERATED:
            metadata["generation"] = 1
        return made if dry_run else self._put("ADDED", key, made, None)

    def update(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace an object. Raises Conflict where it carries a resourceVersion that is not the present one.

        What nobody may change stays as it was. The generation goes up when the spec changes. An update that
        changes nothing makes no event. One that takes the last finalizer of an object that is being deleted
        removes it.
        """
        metadata = obj["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        old = self._find(*key)
        wanted = metadata.get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            why = "the object has been modified; please apply your changes to the latest version and try again"
            raise conflict(resource, metadata["name"], why)
        made = copy.deepcopy(obj)
        for name in KEPT:
            _keep(name, old["metadata"], made["metadata"])
        if any(made.get(part) != old.get(part) for part in GENERATED.get(resource.kind, ())):
            made["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if made == old or dry_run:
            return made
        if _is_done(made):
            return self._drop(key, made)
        return self._put("MODIFIED", key, made, old)

    def bind(self, namespace: str, name: str, node: str) -> Object:
        """Say on which node a pod runs. Its author did not, so its generation stays as it is."""
        key = (PODS, namespace, name)
        old = self._find(*key)
        return self._put("MODIFIED", key, {**copy.deepcopy(old), "spec": {**old["spec"], "nodeName": node}}, old)

    def mark_deleted(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        grace_s: int | None = None,
        finalizers: Sequence[str] | None = None,
        phase: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Set deletionTimestamp, the grace period, and what else is said; whoever holds the object removes it later.

        On one that is marked already, a grace period can only be made shorter.
        """
        key = (resource, namespace, name)
        old = self._find(*key)
        made = copy.deepcopy(old)
        metadata = made["metadata"]
        known_s = metadata.get("deletionGracePeriodSeconds")
        if "deletionTimestamp" not in metadata or (grace_s is not None and known_s is not None and grace_s < known_s):
            if "deletionTimestamp" not in metadata and "generation" in metadata:
                metadata["generation"] += 1
            metadata["deletionTimestamp"] = write_now(grace_s or 0)
            metadata["deletionGracePeriodSeconds"] = grace_s or 0
        if finalizers is not None:
            metadata["finalizers"] = list(finalizers)
            if not finalizers:
                del metadata["finalizers"]
        if phase is not None:
            made["status"] = {**made.get("status", {}), "phase": phase}
        return made if made == old or dry_run else self._put("MODIFIED", key, made, old)

    def remove(self, resource: Resource, namespace: str, name: str) -> Object:
        """Take an object out at once."""
        key = (resource, namespace, name)
        return self._drop(key, self._find(*key))

    async def watch(self, resource: Resource | None, since: int) -> AsyncIterator[Event]:
        """Every change of the kind (of all kinds for None) after number *since*, for ever.

        Raises Expired where *since* lies before what is kept, also when the reader is that slow.
        """
        while True:
            for event in self.events_after(since):
                if resource is None or event.resource is resource:
                    yield event
                since = event.version
            await self.changed(since)

    def events_after(self, version: int) -> Sequence[Event]:
        """Every change after number *version*. Raises Expired where that lies before what is kept."""
        oldest = self._version - len(self._history)
        if version < oldest:
            raise expired(version, oldest)
        newer = itertools.takewhile(lambda event: event.version > version, reversed(self._history))
        return list(newer)[::-1]

    async def changed(self, version: int, timeout_s: float | None = None) -> bool:
        """Wait until there is a change after number *version*; False where there is none in time."""
        if version >= self._version:
            await self._bell.wait(timeout_s)
        return version < self._version

    def _find(self, resource: Resource, namespace: str, name: str) -> Object:
        try:
            return self._objects[resource, namespace, name]
        except KeyError:
            raise not_found(resource, name) from None

    def _put(self, event: EventType, key: Key, made: Object, old: Object | None) -> Object:
        self._version += 1
        made["metadata"]["resourceVersion"] = str(self._version)
        self._objects[key] = made
        self._tell(event, key, made, old)
        return copy.deepcopy(made)

    def _drop(self, key: Key, old: Object) -> Object:
        self._version += 1
        made = copy.deepcopy(old)
        made["metadata"]["resourceVersion"] = str(self._version)
        del self._objects[key]
        self._tell("DELETED", key, made, old)
        return copy.deepcopy(made)

    def _tell(self, event: EventType, key: Key, made: Object, old: Object | None) -> None:
        self._history.append(Event(event, key[0], copy.deepcopy(made), copy.deepcopy(old), self._version))
        self._bell.ring()


class _Bell:
    """Wakes whoever waits for the next change."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def wait(self, timeout_s: float | None) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=timeout_s)
        finally:
            self._waiting.discard(future)


def _keep(name: str, old: Object, new: Object) -> None:
    new.pop(name, None)
    if name in old:
        new[name] = old[name]


def _ordered(objects: dict[Key, Object]) -> list[tuple[Key, Object]]:
    return sorted(objects.items(), key=lambda item: item[0][1:])


def _is_done(obj: Object) -> bool:
    """An object that is being deleted, whose finalizers are all gone, and that nobody holds.

    A pod is held by its kubelet until that says so with a grace period of zero, a namespace by its controller.
    """
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers") or obj["kind"] == "Namespace":
        return False
    grace_s: int | None = metadata.get("deletionGracePeriodSeconds")
    return obj["kind"] != "Pod" or grace_s == 0
