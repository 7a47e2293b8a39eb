"""The resources that the sandbox serves, and their verbs. Any other is a 404, as for a kind unknown to a cluster."""

from __future__ import annotations

from grpcdemo.resources.resource import (
    ACCESS_REVIEWS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    EVENTS,
    LEASES,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    RULES_REVIEWS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)

Verbs = tuple[str, ...]
READ = ("get", "list", "watch")
WRITE = ("create", "delete", "patch", "update")
ALL = (*READ, *WRITE, "deletecollection")
SERVED: dict[Resource, Verbs] = {
    NAMESPACES: (*READ, *WRITE),
    PODS: ALL,
    SERVICES: ALL,
    ENDPOINTS: ("get", "list"),
    EVENTS: ALL,
    NODES: READ,
    SERVICE_ACCOUNTS: ALL,
    DEPLOYMENTS: ALL,
    REPLICA_SETS: ALL,
    ENDPOINT_SLICES: ALL,
    LEASES: ALL,
    MUTATING_WEBHOOKS: ALL,
    ACCESS_REVIEWS: ("create",),
    RULES_REVIEWS: ("create",),
}
SUBRESOURCE_VERBS: dict[str, Verbs] = {
    "exec": ("create", "get"),
    "log": ("get",),
    "finalize": ("update",),
    "portforward": ("create", "get"),
    "proxy": ("create", "delete", "get", "patch", "update"),
}
STORED = tuple(resource for resource, verbs in SERVED.items() if "watch" in verbs)
WARNINGS = {ENDPOINTS: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}
"""The warning in every answer about a resource."""


def verbs_of(resource: Resource, subresource: str | None = None) -> Verbs:
    return SUBRESOURCE_VERBS.get(subresource, ("get", "patch", "update")) if subresource else SERVED[resource]
