"""The one door to the store for all who create, change and delete: clients over HTTP, controllers, the kubelet.

What a cluster does between a request and its storage happens here: names are made up, defaults filled in, pods
admitted, objects validated; and deleting is marking first, where somebody has to let go before.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES, NODES, PODS, SERVICES, Resource
from grpcdemo.sandbox.api.defaults import apply_defaults
from grpcdemo.sandbox.api.names import make_name
from grpcdemo.sandbox.api.status import StatusError, conflict, forbidden
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.api.validation import validate

FOREGROUND = "foregroundDeletion"
"""A finalizer that the garbage collector takes away when what the object owns is gone."""
ORPHAN = "orphan"
"""One that it takes away when it has made what the object owns nobody's."""

BACKGROUND: Object = {"propagationPolicy": "Background"}

UNDELETABLE = "default"
"""The namespace that every cluster has and keeps."""

Admit = Callable[[Object, Object], Object]
"""What the injector makes of a pod in a namespace. It may raise StatusError."""


@dataclass(frozen=True)
class Deletion:
    """What came of a delete: the object as it was last, and whether it is gone or only marked."""

    object: Object
    gone: bool


class Registry:
    """*allocate_ip* gives the Service of a namespace and a name its address; it is asked in a dry run, too."""

    def __init__(self, store: Store, *, admit: Admit, allocate_ip: Callable[[str, str], str]) -> None:
        self.store = store
        self._admit = admit
        self._allocate_ip = allocate_ip

    def create(self, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Store a new object. Raises StatusError where a cluster would refuse it.

        *namespace* is empty for a kind that has none.
        """
        made = copy.deepcopy(obj)
        _check_identity(resource, namespace, made)
        metadata = made["metadata"]
        if metadata.get("resourceVersion"):
            raise StatusError("BadRequest", "resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = make_name(metadata["generateName"])
        found = self._namespace(resource, namespace, metadata.get("name", ""))
        if "status" in resource.subresources and resource is not NODES:
            made.pop("status", None)
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"):
            metadata.pop(name, None)
        apply_defaults(resource, made)
        if resource is PODS:
            made = self._admit(made, found)
            apply_defaults(resource, made)
        if resource is SERVICES:
            self._give_address(made)
        validate(resource, made)
        return self.store.create(resource, made, dry_run=dry_run)

    def update(
        self, resource: Resource, obj: Object, *, subresource: str | None = None, dry_run: bool = False
    ) -> Object:
        """Replace an object, or the part of it that *subresource* (`status`, `finalize`) is."""
        made = copy.deepcopy(obj)
        namespace = made["metadata"].get("namespace", "")
        _check_identity(resource, namespace, made)
        old = self.store.get(resource, namespace, made["metadata"]["name"])
        if made["metadata"].get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            uids = f"UID in precondition: {made['metadata']['uid']}, UID in object meta: {old['metadata']['uid']}"
            raise conflict(resource, made["metadata"]["name"], f"Precondition failed: {uids}")
        made = _restrict(resource, made, old, subresource)
        apply_defaults(resource, made)
        if resource is SERVICES and subresource is None:
            _keep_address(made["spec"], old["spec"])
        if subresource is None:
            validate(resource, made, old)
        made = self.store.update(resource, made, dry_run=dry_run)
        if subresource == "finalize" and not dry_run and _is_finalized(made):
            return self.store.remove(resource, namespace, made["metadata"]["name"])
        return made

    def delete(
        self, resource: Resource, namespace: str, name: str, *, options: Object | None = None, dry_run: bool = False
    ) -> Deletion:
        """Remove an object, or mark it for removal. *options* are DeleteOptions: preconditions,
        gracePeriodSeconds, propagationPolicy, dryRun."""
        options = options or {}
        dry_run = dry_run or bool(options.get("dryRun"))
        if resource is NAMESPACES and name == UNDELETABLE:
            raise forbidden(resource, name, "this namespace may not be deleted")
        found = self.store.get(resource, namespace, name)
        _check_preconditions(resource, found, options.get("preconditions") or {})
        finalizers = _finalizers(found, options)
        grace_s = _grace_s(found, options) if resource is PODS else None
        held = resource is NAMESPACES and found["spec"].get("finalizers")
        if finalizers or grace_s or held:
            marked = self.store.mark_deleted(
                resource,
                namespace,
                name,
                grace_s=grace_s,
                finalizers=finalizers,
                phase="Terminating" if resource is NAMESPACES else None,
                dry_run=dry_run,
            )
            return Deletion(marked, gone=False)
        return Deletion(found if dry_run else self.store.remove(resource, namespace, name), gone=True)

    def _namespace(self, resource: Resource, namespace: str, name: str) -> Object:
        """The namespace that a new object goes to. Raises NotFound, or Forbidden where it is on its way out."""
        if not resource.namespaced:
            return {}
        found = self.store.get(NAMESPACES, "", namespace)
        if "deletionTimestamp" in found["metadata"]:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            error = forbidden(resource, name, why)
            message = f"namespace {namespace} is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
            error.details = {**(error.details or {}), "causes": [cause]}
            raise error
        return found

    def _give_address(self, service: Object) -> None:
        metadata, spec = service["metadata"], service["spec"]
        if not spec.get("clusterIP"):
            spec["clusterIP"] = self._allocate_ip(metadata["namespace"], metadata["name"])
        spec["clusterIPs"] = [spec["clusterIP"]]


def _check_identity(resource: Resource, namespace: str, obj: Object) -> None:
    """Give *obj* the apiVersion, kind and namespace of its path. Raises BadRequest where it has others."""
    for name, wanted in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        if obj.setdefault(name, wanted) != wanted:
            message = f"the {name} in the data ({obj[name]}) does not match the expected {name} ({wanted})"
            raise StatusError("BadRequest", message)
    metadata = obj.setdefault("metadata", {})
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    if (metadata.get("namespace") or namespace) != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise StatusError("BadRequest", message)
    metadata["namespace"] = namespace


def _restrict(resource: Resource, made: Object, old: Object, subresource: str | None) -> Object:
    """*made* where the request may change something, and *old* elsewhere."""
    if subresource is None:
        kept = {"status": old["status"]} if "status" in resource.subresources and "status" in old else {}
        if resource is NAMESPACES:
            kept["spec"] = old["spec"]
        return {**made, **kept}
    metadata = {**old["metadata"], "resourceVersion": made["metadata"].get("resourceVersion", "")}
    if subresource == "finalize":
        return {**old, "metadata": metadata, "spec": made.get("spec", {})}
    if annotations := made["metadata"].get("annotations"):
        metadata["annotations"] = annotations
    return {**old, "metadata": metadata, "status": made.get("status", {})}


def _keep_address(new: Object, old: Object) -> None:
    """An update that says nothing of the address leaves it."""
    new.setdefault("clusterIP", old["clusterIP"])
    new["clusterIPs"] = [new["clusterIP"]]


def _is_finalized(namespace: Object) -> bool:
    metadata = namespace["metadata"]
    return (
        "deletionTimestamp" in metadata and not metadata.get("finalizers") and not namespace["spec"].get("finalizers")
    )


def _check_preconditions(resource: Resource, found: Object, wanted: Object) -> None:
    metadata = found["metadata"]
    for key, name, after in (
        ("uid", "UID", "The object might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "The object might have been modified"),
    ):
        if wanted.get(key) and wanted[key] != metadata[key]:
            what = f'Operation cannot be fulfilled on {resource.qualified_kind} "{metadata["name"]}"'
            why = f"the {name} in the precondition ({wanted[key]}) does not match the {name} in record"
            message = f"{what}: {why} ({metadata[key]}). {after}"
            raise StatusError("Conflict", message, details={"name": metadata["name"], "kind": resource.kind})


def _finalizers(found: Object, options: Object) -> list[str]:
    """The object's finalizers, and the one for what is to become of what it owns."""
    present: list[str] = found["metadata"].get("finalizers", [])
    policy, orphan = options.get("propagationPolicy"), options.get("orphanDependents")
    if policy is None and orphan is None:
        return present
    kept = [name for name in present if name not in (FOREGROUND, ORPHAN)]
    if policy == "Orphan" or orphan:
        return [*kept, ORPHAN]
    return [*kept, FOREGROUND] if policy == "Foreground" else kept


def _grace_s(pod: Object, options: Object) -> int:
    """How long the pod has to end by itself: not at all where nothing of it runs."""
    if not pod["spec"].get("nodeName") or pod["status"].get("phase") in ("Succeeded", "Failed"):
        return 0
    wanted = options.get("gracePeriodSeconds")
    if wanted is None:
        wanted = pod["spec"]["terminationGracePeriodSeconds"]
    return max(int(wanted), 0) if wanted >= 0 else 1
