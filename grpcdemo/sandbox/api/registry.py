"""The one way for clients and controllers to create, change and delete objects.

It does what an API server does between a request and its storage: generates names, sets defaults, admits pods,
validates, and marks an object for deletion if a finalizer or a grace period holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpcdemo.resources.objects import Object, copy_json, is_terminating
from grpcdemo.resources.pods import is_finished
from grpcdemo.resources.resource import NAMESPACES, NODES, PODS, SERVICES, Resource
from grpcdemo.sandbox.api.defaults import apply_defaults
from grpcdemo.sandbox.api.ephemeral import add_ephemeral_containers, check_new_pod
from grpcdemo.sandbox.api.names import make_name
from grpcdemo.sandbox.api.status import StatusError, conflict, forbidden
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.api.validation import validate

FOREGROUND = "foregroundDeletion"
"""A finalizer that the garbage collector removes once the dependents are gone."""
ORPHAN = "orphan"
"""A finalizer that it removes once it has orphaned the dependents."""

BACKGROUND: Object = {"propagationPolicy": "Background"}

UNDELETABLE = "default"
"""The namespace that every cluster keeps."""

Admit = Callable[[Object, Object], Object]
"""Admission: the changed pod, from a pod and its namespace. It may raise StatusError."""


@dataclass(frozen=True)
class Deletion:
    """The result of a delete: the object at the end, and whether it is gone or only marked."""

    object: Object
    gone: bool


class Registry:
    """*allocate_ip* returns the cluster IP for a namespace and a Service's name, also in a dry run."""

    def __init__(self, store: Store, *, admit: Admit, allocate_ip: Callable[[str, str], str]) -> None:
        self.store = store
        self._admit = admit
        self._allocate_ip = allocate_ip

    def create(self, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Store a new object. Raises StatusError if a cluster would refuse it.

        *namespace* is empty for a cluster-scoped resource.
        """
        new = copy_json(obj)
        _check_identity(resource, namespace, new)
        metadata = new["metadata"]
        if metadata.get("resourceVersion"):
            raise StatusError("BadRequest", "resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = make_name(metadata["generateName"])
        parent = self._namespace(resource, namespace, metadata.get("name", ""))
        if "status" in resource.subresources and resource is not NODES:
            new.pop("status", None)
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"):
            metadata.pop(name, None)
        apply_defaults(resource, new)
        if resource is PODS:
            new = self._admit(new, parent)
            apply_defaults(resource, new)
            check_new_pod(new)
        if resource is SERVICES:
            spec = new["spec"]
            spec["clusterIP"] = spec.get("clusterIP") or self._allocate_ip(namespace, metadata.get("name", ""))
            spec["clusterIPs"] = [spec["clusterIP"]]
        validate(resource, new)
        return self.store.create(resource, new, dry_run=dry_run)

    def update(
        self, resource: Resource, obj: Object, *, subresource: str | None = None, dry_run: bool = False
    ) -> Object:
        """Replace an object, or its *subresource* (`status`, `finalize`, `ephemeralcontainers`)."""
        new = copy_json(obj)
        namespace = new["metadata"].get("namespace", "")
        _check_identity(resource, namespace, new)
        old = self.store.get(resource, namespace, new["metadata"]["name"])
        if new["metadata"].get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            uids = f"UID in precondition: {new['metadata']['uid']}, UID in object meta: {old['metadata']['uid']}"
            raise conflict(resource, new["metadata"]["name"], f"Precondition failed: {uids}")
        new = _restrict(resource, new, old, subresource)
        apply_defaults(resource, new)
        if subresource is None:
            if resource is SERVICES:  # an update without the cluster IP keeps it
                new["spec"].setdefault("clusterIP", old["spec"]["clusterIP"])
                new["spec"]["clusterIPs"] = [new["spec"]["clusterIP"]]
            validate(resource, new, old)
        new = self.store.update(resource, new, dry_run=dry_run)
        if subresource == "finalize" and not dry_run and _is_finalized(new):
            return self.store.remove(resource, namespace, new["metadata"]["name"])
        return new

    def delete(
        self, resource: Resource, namespace: str, name: str, *, options: Object | None = None, dry_run: bool = False
    ) -> Deletion:
        """Remove an object, or mark it for removal. *options* are DeleteOptions."""
        options = options or {}
        dry_run = dry_run or bool(options.get("dryRun"))
        if resource is NAMESPACES and name == UNDELETABLE:
            raise forbidden(resource, name, "this namespace may not be deleted")
        obj = self.store.get(resource, namespace, name)
        _check_preconditions(resource, obj, options.get("preconditions") or {})
        finalizers = _finalizers(obj, options)
        grace_s = _grace_s(obj, options) if resource is PODS else None
        held = resource is NAMESPACES and obj["spec"].get("finalizers")
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
        return Deletion(obj if dry_run else self.store.remove(resource, namespace, name), gone=True)

    def _namespace(self, resource: Resource, namespace: str, name: str) -> Object:
        """The namespace of a new object. Raises NotFound, or Forbidden if it is terminating."""
        if not resource.namespaced:
            return {}
        obj = self.store.get(NAMESPACES, "", namespace)
        if is_terminating(obj):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            error = forbidden(resource, name, why)
            message = f"namespace {namespace} is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
            error.details = {**(error.details or {}), "causes": [cause]}
            raise error
        return obj


def _check_identity(resource: Resource, namespace: str, obj: Object) -> None:
    """Set the apiVersion, kind and namespace of the path on *obj*. Raises BadRequest if it has others."""
    for name, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        if obj.setdefault(name, expected) != expected:
            message = f"the {name} in the data ({obj[name]}) does not match the expected {name} ({expected})"
            raise StatusError("BadRequest", message)
    metadata = obj.setdefault("metadata", {})
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    if (metadata.get("namespace") or namespace) != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise StatusError("BadRequest", message)
    metadata["namespace"] = namespace


def _restrict(resource: Resource, new: Object, old: Object, subresource: str | None) -> Object:
    """*new* in what the request may change, and *old* in the rest."""
    if subresource is None:
        kept = {"status": old["status"]} if "status" in resource.subresources and "status" in old else {}
        if resource is NAMESPACES:
            kept["spec"] = old["spec"]
        return {**new, **kept}
    metadata = {**old["metadata"], "resourceVersion": new["metadata"].get("resourceVersion", "")}
    if subresource == "finalize":
        return {**old, "metadata": metadata, "spec": new.get("spec", {})}
    if subresource == "ephemeralcontainers":
        return {**add_ephemeral_containers(new, old), "metadata": metadata}
    if annotations := new["metadata"].get("annotations"):
        metadata["annotations"] = annotations
    return {**old, "metadata": metadata, "status": new.get("status", {})}


def _is_finalized(namespace: Object) -> bool:
    metadata = namespace["metadata"]
    return is_terminating(namespace) and not metadata.get("finalizers") and not namespace["spec"].get("finalizers")


def _check_preconditions(resource: Resource, obj: Object, preconditions: Object) -> None:
    metadata = obj["metadata"]
    for key, name, after in (
        ("uid", "UID", "The object might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "The object might have been modified"),
    ):
        if preconditions.get(key) and preconditions[key] != metadata[key]:
            what = f'Operation cannot be fulfilled on {resource.qualified_kind} "{metadata["name"]}"'
            why = f"the {name} in the precondition ({preconditions[key]}) does not match the {name} in record"
            message = f"{what}: {why} ({metadata[key]}). {after}"
            raise StatusError("Conflict", message, details={"name": metadata["name"], "kind": resource.kind})


def _finalizers(obj: Object, options: Object) -> list[str]:
    """The object's finalizers, with the one for the propagation policy."""
    present: list[str] = obj["metadata"].get("finalizers", [])
    policy, orphan = options.get("propagationPolicy"), options.get("orphanDependents")
    if policy is None and orphan is None:
        return present
    kept = [name for name in present if name not in (FOREGROUND, ORPHAN)]
    if policy == "Orphan" or orphan:
        return [*kept, ORPHAN]
    return [*kept, FOREGROUND] if policy == "Foreground" else kept


def _grace_s(pod: Object, options: Object) -> int:
    """The pod's grace period: none if nothing of it runs."""
    if not pod["spec"].get("nodeName") or is_finished(pod):
        return 0
    grace_s = options.get("gracePeriodSeconds")
    if grace_s is None:
        grace_s = pod["spec"]["terminationGracePeriodSeconds"]
    return int(grace_s) if grace_s >= 0 else 1
