"""Garbage collection: deletes what lost its owners, and completes foreground and orphaning deletions.

A sweep checks every object. A deletion triggers one, and so does an object whose owner does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object, is_terminating, namespaced_name, owner_references
from grpcdemo.resources.resource import EVENTS, Resource
from grpcdemo.sandbox.api.registry import BACKGROUND, FOREGROUND, ORPHAN, Registry
from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import disown, resource_of

SWEPT = tuple(resource for resource in STORED if resource is not EVENTS)
SWEEP: Key = ("", "sweep")

_Entry = tuple[Resource, Object]


class GarbageCollector:
    """Reconciles everything at once: owners and dependents may be of any kind."""

    name = "garbage"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.resource is EVENTS:
            return []
        gone = event.type == "DELETED"
        lost = any(not self._has(owner, event.object) for owner in owner_references(event.object))
        return [SWEEP] if gone or lost or _waits_for_dependents(event.object) else []

    def reconcile(self, *_: str) -> None:
        everything = [(resource, obj) for resource in SWEPT for obj in self._store.scan(resource)]
        owners = {obj["metadata"]["uid"]: obj for _, obj in everything}
        dependents: dict[str, list[_Entry]] = {}
        for resource, obj in everything:
            references = owner_references(obj)
            for owner in references:
                dependents.setdefault(owner["uid"], []).append((resource, obj))
            if references and not any(owner["uid"] in owners for owner in references):
                self._delete(resource, obj)
        for resource, obj in everything:
            if is_terminating(obj) and _waits_for_dependents(obj):
                self._release(resource, obj, dependents)

    def _has(self, reference: Object, dependent: Object) -> bool:
        resource = resource_of(reference)
        if resource is None:
            return False
        namespace = dependent["metadata"].get("namespace", "") if resource.namespaced else ""
        owner = self._store.peek(resource, namespace, reference["name"])
        return owner is not None and bool(owner["metadata"]["uid"] == reference["uid"])

    def _release(self, resource: Resource, owner: Object, dependents: dict[str, list[_Entry]]) -> None:
        """Orphan or delete the dependents, as the finalizer says; then remove the finalizer."""
        uid = owner["metadata"]["uid"]
        owned = dependents.get(uid, [])
        if ORPHAN in owner["metadata"]["finalizers"]:
            for dependent_resource, dependent in owned:
                self._store.update(dependent_resource, disown(dependent, uid))
            self._remove_finalizer(resource, owner, ORPHAN)
            return
        for dependent_resource, dependent in owned:
            waits = dependent["metadata"]["uid"] in dependents
            self._delete(dependent_resource, dependent, {"propagationPolicy": "Foreground"} if waits else BACKGROUND)
        if not any(self._blocks(dependent_resource, dependent, uid) for dependent_resource, dependent in owned):
            self._remove_finalizer(resource, owner, FOREGROUND)

    def _blocks(self, resource: Resource, dependent: Object, owner: str) -> bool:
        metadata = dependent["metadata"]
        if self._store.peek(resource, metadata.get("namespace", ""), metadata["name"]) is None:
            return False
        references = owner_references(dependent)
        return any(reference["uid"] == owner and reference.get("blockOwnerDeletion") for reference in references)

    def _remove_finalizer(self, resource: Resource, owner: Object, finalizer: str) -> None:
        finalizers = [name for name in owner["metadata"]["finalizers"] if name != finalizer]
        self._store.update(resource, {**owner, "metadata": {**owner["metadata"], "finalizers": finalizers}})

    def _delete(self, resource: Resource, obj: Object, options: Object = BACKGROUND) -> None:
        if not is_terminating(obj):
            self._registry.delete(resource, *namespaced_name(obj), options=options)


def _waits_for_dependents(obj: Object) -> bool:
    return bool({FOREGROUND, ORPHAN} & set(obj["metadata"].get("finalizers") or []))
