"""Who owns an object, as its ownerReferences say."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES, Resource
from grpcdemo.sandbox.api.served import SERVED
from grpcdemo.sandbox.api.store import Store


def owner_references(obj: Object) -> list[Object]:
    return obj["metadata"].get("ownerReferences") or []


def controller_of(obj: Object) -> Object | None:
    """The reference to the controller that made the object."""
    return next((owner for owner in owner_references(obj) if owner.get("controller")), None)


def controller_reference(resource: Resource, owner: Object) -> Object:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned_by(owner: Object, objects: Iterable[Object]) -> list[Object]:
    """Those of *objects* that *owner* is the controller of."""
    uid = owner["metadata"]["uid"]
    return [found for found in objects if (controller_of(found) or {}).get("uid") == uid]


def disown(obj: Object, owner: str) -> Object:
    """*obj* without the reference to the owner with this uid."""
    left = [found for found in owner_references(obj) if found["uid"] != owner]
    metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
    if left:
        metadata["ownerReferences"] = left
    return {**obj, "metadata": metadata}


def kind_of(reference: Object) -> Resource | None:
    """The kind that an owner reference names, where the sandbox has it."""
    wanted = (reference["apiVersion"], reference["kind"])
    return next((resource for resource in SERVED if (resource.api_version, resource.kind) == wanted), None)


def is_deleting(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def is_terminating(store: Store, namespace: str) -> bool:
    """Whether the namespace takes nothing new: it is being deleted, or gone."""
    found = store.find(NAMESPACES, "", namespace)
    return found is None or is_deleting(found)
