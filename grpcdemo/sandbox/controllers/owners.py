"""Ownership: a controller owns what its selector selects, unless another controller owns it.

A relabeled pod leaves its ReplicaSet, which replaces it. What `kubectl delete --cascade=orphan` left is adopted.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object, controller_of, is_terminating, labels_of, owned_by, owner_references
from grpcdemo.resources.resource import NAMESPACES, Resource
from grpcdemo.resources.selectors import selects
from grpcdemo.sandbox.api.served import SERVED
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.controllers.loop import Key


def controller_reference(resource: Resource, owner: Object) -> Object:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def disown(obj: Object, owner: str) -> Object:
    """*obj* without its reference to the owner with this uid."""
    left = [reference for reference in owner_references(obj) if reference["uid"] != owner]
    metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
    if left:
        metadata["ownerReferences"] = left
    return {**obj, "metadata": metadata}


def resource_of(reference: Object) -> Resource | None:
    """The resource of an owner; None if the sandbox does not serve it."""
    kind = (reference["apiVersion"], reference["kind"])
    return next((resource for resource in SERVED if (resource.api_version, resource.kind) == kind), None)


def namespace_is_closed(store: Store, namespace: str) -> bool:
    """Whether the namespace takes no new objects: it is terminating, or gone."""
    obj = store.peek(NAMESPACES, "", namespace)
    return obj is None or is_terminating(obj)


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
        for owner in store.scan(owner_resource, namespace)
        if _selects(owner, obj)
    ]


def _selects(owner: Object, obj: Object) -> bool:
    return selects(owner["spec"]["selector"], labels_of(obj))
