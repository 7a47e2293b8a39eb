"""Ownership: what ownerReferences say, and how a controller sets and removes its own."""

from __future__ import annotations

from grpcdemo.resources.objects import Object, is_terminating, owner_references
from grpcdemo.resources.resource import NAMESPACES, Resource
from grpcdemo.sandbox.api.served import SERVED
from grpcdemo.sandbox.api.store import Store


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
    obj = store.find(NAMESPACES, "", namespace)
    return obj is None or is_terminating(obj)
