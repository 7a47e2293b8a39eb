"""Parses a path of the API: resource, namespace, name, subresource."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.resources.resource import NAMESPACES, Resource
from grpcdemo.sandbox.api.served import SERVED
from grpcdemo.sandbox.api.status import no_such_path


@dataclass(frozen=True)
class Place:
    """`namespace` is None for cluster-scoped resources, and for all namespaces; `name` is None for a collection."""

    resource: Resource
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None


BY_PATH = {(resource.prefix, resource.plural): resource for resource in SERVED}
PREFIXES = {resource.prefix for resource in SERVED}


def find_place(path: str) -> Place:
    """Raises StatusError (NotFound) for an unknown path."""
    prefix = next((prefix for prefix in PREFIXES if path.startswith(f"{prefix}/")), None)
    if prefix is None:
        raise no_such_path()
    parts = path[len(prefix) + 1 :].split("/")
    if parts[4:5] == ["proxy"]:
        parts = parts[:5]  # what follows is a path of the pod's
    if not all(parts):
        raise no_such_path()
    namespace = None
    if parts[0] == "namespaces" and not _is_namespace_itself(parts):
        namespace, parts = parts[1], parts[2:]
    resource = BY_PATH.get((prefix, parts[0]))
    if resource is None or len(parts) > 3 or (namespace is not None and not resource.namespaced):
        raise no_such_path()
    place = Place(resource, namespace, *parts[1:])
    if place.subresource and place.subresource not in resource.subresources:
        raise no_such_path()
    if resource.namespaced and place.name and namespace is None:
        raise no_such_path()
    return place


def _is_namespace_itself(parts: list[str]) -> bool:
    return len(parts) < 3 or (len(parts) == 3 and parts[2] in NAMESPACES.subresources)
