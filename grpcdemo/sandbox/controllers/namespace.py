"""Namespaces: the ServiceAccount `default` in each, and the deletion of their content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from grpcdemo.resources.objects import Object, copy_json, is_terminating
from grpcdemo.resources.resource import NAMESPACES, PODS, SERVICE_ACCOUNTS, Resource
from grpcdemo.resources.times import write_time
from grpcdemo.sandbox.api.defaults import NAMESPACE_FINALIZER
from grpcdemo.sandbox.api.registry import BACKGROUND, Registry
from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.controllers.conditions import build_condition, set_condition
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import namespace_is_closed

NAMESPACED = tuple(resource for resource in STORED if resource.namespaced)
NEVER_FAILING = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)
"""Conditions that are always false here: nothing can fail that they report."""


class ServiceAccountController:
    """Reconciles one namespace: its ServiceAccount `default`."""

    name = "service account"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.resource is NAMESPACES:
            return [("", event.object["metadata"]["name"])]
        return [("", event.object["metadata"]["namespace"])] if event.resource is SERVICE_ACCOUNTS else []

    def reconcile(self, _: str, name: str) -> None:
        if namespace_is_closed(self._store, name) or self._store.peek(SERVICE_ACCOUNTS, name, "default"):
            return
        metadata = {"name": "default", "namespace": name}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        self._registry.create(SERVICE_ACCOUNTS, name, account)


class NamespaceController:
    """Reconciles one terminating namespace: empties it, reports what is left, and removes it."""

    name = "namespace"

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._store = registry.store
        self._clock = clock

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.resource is NAMESPACES:
            return [("", event.object["metadata"]["name"])]
        namespace = event.object["metadata"].get("namespace")
        return [("", namespace)] if namespace and namespace_is_closed(self._store, namespace) else []

    def reconcile(self, _: str, name: str) -> None:
        namespace = self._store.find(NAMESPACES, "", name)
        if namespace is None or not is_terminating(namespace):
            return
        self._delete_content(name)
        remaining = self._content(name)
        namespace["status"] = build_status(namespace.get("status") or {}, remaining, write_time(self._clock.now()))
        if not remaining:
            finalizers = namespace["spec"].get("finalizers") or []
            namespace["spec"]["finalizers"] = [name for name in finalizers if name != NAMESPACE_FINALIZER]
        namespace = self._store.update(NAMESPACES, namespace)
        if not namespace["spec"].get("finalizers") and not namespace["metadata"].get("finalizers"):
            self._store.remove(NAMESPACES, "", name)

    def _delete_content(self, name: str) -> None:
        """Pods first, and the rest once they are gone: they may need it until they end."""
        content = self._content(name)
        pods = [(resource, obj) for resource, obj in content if resource is PODS]
        for resource, obj in pods or content:
            if not is_terminating(obj):
                self._registry.delete(resource, name, obj["metadata"]["name"], options=BACKGROUND)

    def _content(self, name: str) -> list[tuple[Resource, Object]]:
        return [(resource, obj) for resource in NAMESPACED for obj in self._store.scan(resource, name)]


def build_status(old: Object, remaining: list[tuple[Resource, Object]], now: str) -> Object:
    """The conditions that name what keeps the namespace, in a cluster's words."""
    status = {**copy_json(old), "phase": "Terminating"}
    for kind, reason, message in NEVER_FAILING:
        set_condition(status, build_condition(kind, "False", reason, message, now))
    resources = Counter(f"{resource.plural}.{resource.group}" for resource, _ in remaining)
    finalizers = Counter(name for _, obj in remaining for name in obj["metadata"].get("finalizers") or [])
    content = ("False", "ContentRemoved", "All content successfully removed")
    if resources:
        listed = ", ".join(f"{name} has {number} resource instances" for name, number in sorted(resources.items()))
        content = ("True", "SomeResourcesRemain", f"Some resources are remaining: {listed}")
    finalization = ("False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
    if finalizers:
        listed = ", ".join(f"{name} in {number} resource instances" for name, number in sorted(finalizers.items()))
        message = f"Some content in the namespace has finalizers remaining: {listed}"
        finalization = ("True", "SomeFinalizersRemain", message)
    set_condition(status, build_condition("NamespaceContentRemaining", *content, now))
    set_condition(status, build_condition("NamespaceFinalizersRemaining", *finalization, now))
    return status
