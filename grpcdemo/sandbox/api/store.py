"""Stores all objects and numbers every change: plays etcd and the API server's watch cache.

Everything runs in one event loop, so a change is atomic. Objects go in and out as copies, so only the store changes
one. Who only reads may look at the store's own, which are never changed, but replaced: copies take most of a
controller's time.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from grpcdemo.resources.objects import Object, copy_json, freeze_json, is_terminating, thaw_json
from grpcdemo.resources.resource import PODS, Resource
from grpcdemo.resources.times import write_now
from grpcdemo.sandbox.api.status import StatusError, already_exists, conflict, expired, not_found

HISTORY = 2_000
"""How many changes are kept for watches that start in the past; an older start gets a 410."""

GENERATED = {
    "Pod": ("spec",),
    "Deployment": ("spec",),
    "ReplicaSet": ("spec",),
    "EndpointSlice": ("endpoints", "ports"),
    "MutatingWebhookConfiguration": ("webhooks",),
}
"""The kinds whose objects have a generation, and the parts whose change raises it."""

KEPT = ("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
"""What an update cannot change."""

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Key = tuple[Resource, str, str]


@dataclass(frozen=True)
class Event:
    """One change. `old` is the object before it, by which a watch sees what left its selector.

    Both are the store's own, which many read: nobody changes them.
    """

    type: EventType
    resource: Resource
    object: Object
    old: Object | None
    version: int


class Store:
    """The objects, and the latest changes. Only `watch` and `changed` wait."""

    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._frozen: dict[Key, bytes] = {}
        """The same objects, to be read as copies."""
        self._version = 1
        self._history: deque[Event] = deque(maxlen=HISTORY)
        self._bell = _Bell()

    @property
    def version(self) -> int:
        """The number of the latest change."""
        return self._version

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """Raises StatusError (NotFound). *namespace* is empty for a kind that has none."""
        self._find(resource, namespace, name)
        return self._copy((resource, namespace, name))

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        key = (resource, namespace, name)
        return self._copy(key) if key in self._objects else None

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Every object of the kind, in one namespace or in all, ordered by namespace and name."""
        return [self._copy(key) for key in self._keys(resource, namespace)]

    def peek(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """What `find` copies: the store's own, to be read and not changed."""
        return self._objects.get((resource, namespace, name))

    def scan(self, resource: Resource, namespace: str | None = None) -> Sequence[Object]:
        """What `list` copies: the store's own, to be read and not changed."""
        return [self._objects[key] for key in self._keys(resource, namespace)]

    def create(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        """Store a new object, with uid, creationTimestamp, resourceVersion, generation. Raises AlreadyExists."""
        new = copy_json(obj)
        metadata = new["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        if key in self._objects:
            raise already_exists(resource, metadata["name"])
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = write_now()
        if resource.kind in GENERATED:
            metadata["generation"] = 1
        return new if dry_run else self._put("ADDED", key, new, None)

    def update(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace an object. Raises Conflict if its resourceVersion is not the present one.

        KEPT stays as it was. A change of the spec raises the generation. An update that changes nothing is no event.
        One that removes the last finalizer of a terminating object deletes the object.
        """
        metadata = obj["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        old = self._find(*key)
        version = metadata.get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            why = "the object has been modified; please apply your changes to the latest version and try again"
            raise conflict(resource, metadata["name"], why)
        new = copy_json(obj)
        kept = {name: old["metadata"][name] for name in KEPT if name in old["metadata"]}
        new["metadata"] = {**{key: value for key, value in new["metadata"].items() if key not in KEPT}, **kept}
        if any(new.get(part) != old.get(part) for part in GENERATED.get(resource.kind, ())):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if new == old or dry_run:
            return new
        if _is_done(new):
            return self._drop(key, new)
        return self._put("MODIFIED", key, new, old)

    def bind(self, namespace: str, name: str, node: str) -> Object:
        """Bind a pod to a node. It is no change by its author, so the generation stays."""
        key = (PODS, namespace, name)
        old = self._find(*key)
        return self._put("MODIFIED", key, {**copy_json(old), "spec": {**old["spec"], "nodeName": node}}, old)

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
        """Set deletionTimestamp, and the grace period, finalizers and phase that are given.

        Whoever holds the object removes it later. A second call can only shorten the grace period.
        """
        key = (resource, namespace, name)
        old = self._find(*key)
        new = copy_json(old)
        metadata = new["metadata"]
        known_s = metadata.get("deletionGracePeriodSeconds")
        if not is_terminating(new) or (grace_s is not None and known_s is not None and grace_s < known_s):
            if not is_terminating(new) and "generation" in metadata:
                metadata["generation"] += 1
            metadata["deletionTimestamp"] = write_now(grace_s or 0)
            metadata["deletionGracePeriodSeconds"] = grace_s or 0
        if finalizers is not None:
            metadata["finalizers"] = list(finalizers)
            if not finalizers:
                del metadata["finalizers"]
        if phase is not None:
            new["status"] = {**new.get("status", {}), "phase": phase}
        return new if new == old or dry_run else self._put("MODIFIED", key, new, old)

    def remove(self, resource: Resource, namespace: str, name: str) -> Object:
        """Remove an object at once."""
        key = (resource, namespace, name)
        return self._drop(key, self._find(*key))

    def restore(self, backup: Store) -> None:
        """Have the objects of *backup* in place of the present ones, as after `etcdutl snapshot restore`.

        Whoever watches is told that the history has expired, and lists again.
        """
        self._objects, self._frozen = dict(backup._objects), dict(backup._frozen)
        self._version = max(self._version, backup._version) + 1
        self._history.clear()
        self._bell.ring()

    async def watch(self, resource: Resource | None, since: int) -> AsyncIterator[Event]:
        """Every change of the resource (of all for None) after number *since*, without end.

        Raises Expired if *since* is older than the history, or the reader falls that far behind.
        """
        while True:
            for event in self.events_after(since):
                if resource is None or event.resource is resource:
                    yield event
                since = event.version
            await self.changed(since)

    async def follow(self, resource: Resource | None, relist: Callable[[], None]) -> AsyncIterator[Event]:
        """Call *relist*, then yield every later change; start over after falling behind the history."""
        while True:
            since = self._version
            relist()
            with suppress(StatusError):
                async for event in self.watch(resource, since):
                    yield event

    def events_after(self, version: int) -> Sequence[Event]:
        """Every change after number *version*. Raises Expired if it is older than the history."""
        oldest = self._version - len(self._history)
        if version < oldest:
            raise expired(version, oldest)
        newer = itertools.takewhile(lambda event: event.version > version, reversed(self._history))
        return list(newer)[::-1]

    async def changed(self, version: int, timeout_s: float | None = None) -> bool:
        """Wait for a change after number *version*; False if there is none in time."""
        if version >= self._version:
            await self._bell.wait(timeout_s)
        return version < self._version

    def _find(self, resource: Resource, namespace: str, name: str) -> Object:
        try:
            return self._objects[resource, namespace, name]
        except KeyError:
            raise not_found(resource, name) from None

    def _keys(self, resource: Resource, namespace: str | None) -> Sequence[Key]:
        keys = [key for key in self._objects if key[0] is resource and namespace in (None, key[1])]
        return sorted(keys, key=lambda key: key[1:])

    def _copy(self, key: Key) -> Object:
        copied: Object = thaw_json(self._frozen[key])
        return copied

    def _put(self, event: EventType, key: Key, new: Object, old: Object | None) -> Object:
        self._version += 1
        new["metadata"]["resourceVersion"] = str(self._version)
        self._objects[key], self._frozen[key] = new, freeze_json(new)
        self._publish(event, key, new, old)
        return self._copy(key)

    def _drop(self, key: Key, old: Object) -> Object:
        self._version += 1
        new = copy_json(old)
        new["metadata"]["resourceVersion"] = str(self._version)
        del self._objects[key], self._frozen[key]
        self._publish("DELETED", key, new, old)
        return copy_json(new)

    def _publish(self, event: EventType, key: Key, new: Object, old: Object | None) -> None:
        self._history.append(Event(event, key[0], new, old, self._version))
        self._bell.ring()


class _Bell:
    """Wakes all who wait for the next change."""

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


def _is_done(obj: Object) -> bool:
    """Whether a terminating object has no finalizer left, and nothing else holds it.

    The kubelet holds a pod until it sets the grace period to zero; the controller holds a namespace.
    """
    metadata = obj["metadata"]
    if not is_terminating(obj) or metadata.get("finalizers") or obj["kind"] == "Namespace":
        return False
    grace_s: int | None = metadata.get("deletionGracePeriodSeconds")
    return obj["kind"] != "Pod" or grace_s == 0
