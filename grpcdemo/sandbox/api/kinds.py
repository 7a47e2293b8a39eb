"""The kinds that the sandbox serves. What is not in this list is a 404, as for a kind no cluster has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as its JSON says it."""

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")


@dataclass(frozen=True)
class Kind:
    """One kind of object, and how it is found and named."""

    group: str
    """Empty for the core group."""
    version: str
    name: str
    plural: str
    singular: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = (*READ, *WRITE)
    warning: str = ""
    """What everyone who asks for it is told."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def prefix(self) -> str:
        """Where its paths begin: `/api/v1`, `/apis/apps/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

    @property
    def full_name(self) -> str:
        """As errors about its content name it: `Pod`, `Deployment.apps`."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def qualified(self) -> str:
        """As errors name it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


NAMESPACES = Kind(
    "",
    "v1",
    "Namespace",
    "namespaces",
    "namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("status", "finalize"),
    verbs=(*READ, "create", "delete", "patch", "update"),  # and no deletecollection: too easy a mistake
)
PODS = Kind("", "v1", "Pod", "pods", "pod", True, ("po",), ("all",), ("status", "log"))
SERVICES = Kind("", "v1", "Service", "services", "service", True, ("svc",), ("all",), ("status",))
HEADLESS = "None"
"""The clusterIP of a Service that is to have none, which is another than one that has none yet."""
ENDPOINTS = Kind(
    "",
    "v1",
    "Endpoints",
    "endpoints",
    "endpoints",
    short_names=("ep",),
    verbs=READ,
    warning="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
)
EVENTS = Kind("", "v1", "Event", "events", "event", True, ("ev",))
NODES = Kind("", "v1", "Node", "nodes", "node", False, ("no",), (), ("status",), READ)
SERVICE_ACCOUNTS = Kind("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", True, ("sa",))
DEPLOYMENTS = Kind(
    "apps", "v1", "Deployment", "deployments", "deployment", True, ("deploy",), ("all",), ("status", "scale")
)
REPLICA_SETS = Kind(
    "apps", "v1", "ReplicaSet", "replicasets", "replicaset", True, ("rs",), ("all",), ("status", "scale")
)
ENDPOINT_SLICES = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice")
MUTATING_WEBHOOKS = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    "mutatingwebhookconfiguration",
    namespaced=False,
)


def _review(group: str, name: str) -> Kind:
    """A question, which is answered and not stored."""
    singular = name.lower()
    return Kind(group, "v1", name, f"{singular}s", singular, namespaced=False, verbs=("create",))


ACCESS_REVIEWS = _review("authorization.k8s.io", "SelfSubjectAccessReview")
RULES_REVIEWS = _review("authorization.k8s.io", "SelfSubjectRulesReview")
SELF_REVIEWS = _review("authentication.k8s.io", "SelfSubjectReview")

KINDS = (
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
    SELF_REVIEWS,
)
STORED = tuple(kind for kind in KINDS if "list" in kind.verbs)
