"""What a controller takes for its own: what it selects and nobody has, and no longer what it selects no more.

So a pod whose labels are changed leaves its ReplicaSet, which makes another one, and what
`kubectl delete --cascade=orphan` left behind finds an owner again.
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
    """Those of *objects* that are the owner's from now on. One that is being deleted lets all stay as they are."""
    if is_terminating(owner):
        return owned_by(owner, objects)
    claimed = []
    for found in objects:
        controller, wanted = controller_of(found), _selects(owner, found)
        if controller is None and wanted and not is_terminating(found):
            references = [*owner_references(found), controller_reference(owner_resource, owner)]
            metadata = {**found["metadata"], "ownerReferences": references}
            claimed.append(store.update(resource, {**found, "metadata": metadata}))
        elif controller is not None and controller["uid"] == owner["metadata"]["uid"]:
            if wanted:
                claimed.append(found)
            else:
                store.update(resource, disown(found, owner["metadata"]["uid"]))
    return claimed


def keys_of_owner(store: Store, owner_resource: Resource, obj: Object) -> list[Key]:
    """Who is to look at *obj*: its controller, or whoever might adopt it."""
    namespace = obj["metadata"]["namespace"]
    if controller := controller_of(obj):
        return [(namespace, controller["name"])] if controller["kind"] == owner_resource.kind else []
    return [
        (namespace, found["metadata"]["name"])
        for found in store.list(owner_resource, namespace)
        if _selects(found, obj)
    ]


def _selects(owner: Object, obj: Object) -> bool:
    return selects(owner["spec"]["selector"], labels_of(obj))
