"""The resources that the sandbox serves. Any other is a 404, like a kind that a cluster does not have."""

from __future__ import annotations

from grpcdemo.resources.resource import (
    ACCESS_REVIEWS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    EVENTS,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    RULES_REVIEWS,
    SERVICE_ACCOUNTS,
    SERVICES,
)

SERVED = (
    NAMESPACES,
    PODS,
    SERVICES,
    ENDPOINTS,
    EVENTS,
    NODES,
    SERVICE_ACCOUNTS,
    DEPLOYMENTS,
    REPLICA_SETS,
    ENDPOINT_SLICES,
    MUTATING_WEBHOOKS,
    ACCESS_REVIEWS,
    RULES_REVIEWS,
)
STORED = tuple(resource for resource in SERVED if "watch" in resource.verbs)
