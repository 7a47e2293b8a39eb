"""Adoption and release: a controller owns what its selector selects, unless another controller owns it.

A relabeled pod leaves its ReplicaSet, which replaces it. What `kubectl delete --cascade=orphan` left is adopted.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object, controller_of, is_terminating, labels_of, owned_by, owner_references
from grpcdemo.resources.resource import Resource
from grpcdemo.resources.selectors import selects
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import controller_reference, disown


def claim(
    store: Store, owner_resource: Resource, owner: Object, resource: Resource, objects: Iterable[Object]
) -> list[Object]:
    """Adopt and release; return what *owner* owns now. A terminating owner does neither."""
    if is_terminating(owner):
        return owned_by(owner, objects)
    claimed = []
    for obj in objects:
        controller, selected = controller_of(obj), _selects(owner, obj)
        if controller is None and selected and not is_terminating(obj):
            references = [*owner_references(obj), controller_reference(owner_resource, owner)]
            metadata = {**obj["metadata"], "ownerReferences": references}
            claimed.append(store.update(resource, {**obj, "metadata": metadata}))
        elif controller is not None and controller["uid"] == owner["metadata"]["uid"]:
            if selected:
                claimed.append(obj)
            else:
                store.update(resource, disown(obj, owner["metadata"]["uid"]))
    return claimed


def keys_of_owner(store: Store, owner_resource: Resource, obj: Object) -> list[Key]:
    """The owners that *obj* concerns: its controller or, for an orphan, every owner that selects it."""
    namespace = obj["metadata"]["namespace"]
    if controller := controller_of(obj):
        return [(namespace, controller["name"])] if controller["kind"] == owner_resource.kind else []
    return [
        (namespace, owner["metadata"]["name"])
        for owner in store.list(owner_resource, namespace)
        if _selects(owner, obj)
    ]


def _selects(owner: Object, obj: Object) -> bool:
    return selects(owner["spec"]["selector"], labels_of(obj))
