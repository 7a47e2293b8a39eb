"""The kinds of the Kubernetes API that the tool touches, and their paths: all of them exist since 1.18."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as its JSON says it. Objects stay as they came: a typed copy would lose, or choke
on, fields of a server that is older or newer than the client library."""


@dataclass(frozen=True)
class Resource:
    """A kind of object: `api/v1` or `apis/GROUP/VERSION`, and the plural."""

    api: str
    plural: str

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        parts = ["", self.api]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)

    @property
    def qualified(self) -> str:
        """As kubectl names it: `pods`, `deployments.apps`."""
        group = self.api.split("/")[1] if self.api.startswith("apis/") else ""
        return f"{self.plural}.{group}" if group else self.plural


NAMESPACES = Resource("api/v1", "namespaces")
PODS = Resource("api/v1", "pods")
POD_LOGS = Resource("api/v1", "pods/log")
"""As permissions name it; its path is that of a pod, and `log`."""
SERVICES = Resource("api/v1", "services")
ENDPOINTS = Resource("api/v1", "endpoints")
EVENTS = Resource("api/v1", "events")
CONFIG_MAPS = Resource("api/v1", "configmaps")
SECRETS = Resource("api/v1", "secrets")
VOLUME_CLAIMS = Resource("api/v1", "persistentvolumeclaims")
DEPLOYMENTS = Resource("apis/apps/v1", "deployments")
REPLICA_SETS = Resource("apis/apps/v1", "replicasets")
STATEFUL_SETS = Resource("apis/apps/v1", "statefulsets")
DAEMON_SETS = Resource("apis/apps/v1", "daemonsets")
ENDPOINT_SLICES = Resource("apis/discovery.k8s.io/v1", "endpointslices")
MUTATING_WEBHOOKS = Resource("apis/admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations")

BY_KIND = {"Service": SERVICES, "Deployment": DEPLOYMENTS}

MANAGED_BY = "app.kubernetes.io/managed-by"
APP_NAME = "app.kubernetes.io/name"
OURS = f"{MANAGED_BY}=grpcdemo"
"""Selects everything that grpcdemo made."""


def is_ours(obj: Object) -> bool:
    return labels_of(obj).get(MANAGED_BY) == "grpcdemo"


def labels_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def conditions_of(obj: Object) -> dict[str, Object]:
    """The conditions in an object's status, by type."""
    return {found["type"]: found for found in obj.get("status", {}).get("conditions") or []}
