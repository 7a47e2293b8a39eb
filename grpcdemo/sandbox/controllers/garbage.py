"""Garbage: what is left when its owners are gone, and the owners that wait for what they own.

One sweep looks at everything; it is asked for when something is deleted, or comes with an owner that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object, is_terminating, namespaced_name, owner_references
from grpcdemo.resources.resource import EVENTS, Resource
from grpcdemo.sandbox.api.registry import BACKGROUND, FOREGROUND, ORPHAN, Registry
from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import disown, kind_of

SWEPT = tuple(resource for resource in STORED if resource is not EVENTS)
SWEEP: Key = ("", "sweep")

_Found = tuple[Resource, Object]


class GarbageCollector:
    """Reconciles everything at once, whatever the key: owners and what they own may be of any kind."""

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
        everything = [(resource, found) for resource in SWEPT for found in self._store.list(resource)]
        owners = {found["metadata"]["uid"]: found for _, found in everything}
        dependents: dict[str, list[_Found]] = {}
        for resource, found in everything:
            references = owner_references(found)
            for owner in references:
                dependents.setdefault(owner["uid"], []).append((resource, found))
            if references and not any(owner["uid"] in owners for owner in references):
                self._delete(resource, found)
        for resource, found in everything:
            if is_terminating(found) and _waits_for_dependents(found):
                self._release(resource, found, dependents)

    def _has(self, reference: Object, dependent: Object) -> bool:
        resource = kind_of(reference)
        if resource is None:
            return False
        namespace = dependent["metadata"].get("namespace", "") if resource.namespaced else ""
        owner = self._store.find(resource, namespace, reference["name"])
        return owner is not None and bool(owner["metadata"]["uid"] == reference["uid"])

    def _release(self, resource: Resource, owner: Object, dependents: dict[str, list[_Found]]) -> None:
        """Do for the owner's dependents what its finalizer asks for, and take the finalizer away when that is done."""
        uid = owner["metadata"]["uid"]
        own = dependents.get(uid, [])
        if ORPHAN in owner["metadata"]["finalizers"]:
            for dependent_kind, dependent in own:
                self._store.update(dependent_kind, disown(dependent, uid))
            self._take_finalizer(resource, owner, ORPHAN)
            return
        for dependent_kind, dependent in own:
            waits = dependent["metadata"]["uid"] in dependents
            self._delete(dependent_kind, dependent, {"propagationPolicy": "Foreground"} if waits else BACKGROUND)
        if not any(self._blocks(dependent_kind, dependent, uid) for dependent_kind, dependent in own):
            self._take_finalizer(resource, owner, FOREGROUND)

    def _blocks(self, resource: Resource, dependent: Object, owner: str) -> bool:
        metadata = dependent["metadata"]
        if self._store.find(resource, metadata.get("namespace", ""), metadata["name"]) is None:
            return False
        return any(found["uid"] == owner and found.get("blockOwnerDeletion") for found in owner_references(dependent))

    def _take_finalizer(self, resource: Resource, owner: Object, finalizer: str) -> None:
        finalizers = [found for found in owner["metadata"]["finalizers"] if found != finalizer]
        self._store.update(resource, {**owner, "metadata": {**owner["metadata"], "finalizers": finalizers}})

    def _delete(self, resource: Resource, found: Object, options: Object = BACKGROUND) -> None:
        if not is_terminating(found):
            self._registry.delete(resource, *namespaced_name(found), options=options)


def _waits_for_dependents(obj: Object) -> bool:
    return bool({FOREGROUND, ORPHAN} & set(obj["metadata"].get("finalizers") or []))
