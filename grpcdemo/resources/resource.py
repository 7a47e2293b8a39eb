"""One table of the API's resources: every kind that grpcdemo touches or that the sandbox serves.

All of them exist since Kubernetes 1.18, EndpointSlices in this version since 1.21.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    """A kind of object and how the API names it, as an `APIResource` of discovery says."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def prefix(self) -> str:
        """Where its paths begin: `/api/v1`, `/apis/apps/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

    @property
    def qualified(self) -> str:
        """As kubectl and most errors name it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """As errors about its content name it: `Pod`, `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        parts = [self.prefix]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)


NAMESPACES = Resource(
    "",
    "v1",
    "Namespace",
    "namespaces",
    "namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("status", "finalize"),
)
PODS = Resource("", "v1", "Pod", "pods", "pod", ("po",), ("all",), ("status", "log"))
SERVICES = Resource("", "v1", "Service", "services", "service", ("svc",), ("all",), ("status",))
HEADLESS = "None"
"""The clusterIP of a headless Service; an empty one is still to be allocated."""
ENDPOINTS = Resource("", "v1", "Endpoints", "endpoints", "endpoints", ("ep",))
EVENTS = Resource("", "v1", "Event", "events", "event", ("ev",))
NODES = Resource("", "v1", "Node", "nodes", "node", ("no",), (), ("status",), namespaced=False)
SERVICE_ACCOUNTS = Resource("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", ("sa",))
CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", "configmap", ("cm",))
SECRETS = Resource("", "v1", "Secret", "secrets", "secret")
VOLUME_CLAIMS = Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", ("pvc",))
DEPLOYMENTS = Resource(
    "apps", "v1", "Deployment", "deployments", "deployment", ("deploy",), ("all",), ("status", "scale")
)
REPLICA_SETS = Resource("apps", "v1", "ReplicaSet", "replicasets", "replicaset", ("rs",), ("all",), ("status", "scale"))
STATEFUL_SETS = Resource("apps", "v1", "StatefulSet", "statefulsets", "statefulset", ("sts",), ("all",))
DAEMON_SETS = Resource("apps", "v1", "DaemonSet", "daemonsets", "daemonset", ("ds",), ("all",))
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice")
MUTATING_WEBHOOKS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    "mutatingwebhookconfiguration",
    namespaced=False,
)


def _review(group: str, kind: str) -> Resource:
    """A question, which is answered and not stored."""
    singular = kind.lower()
    return Resource(group, "v1", kind, f"{singular}s", singular, namespaced=False)


ACCESS_REVIEWS = _review("authorization.k8s.io", "SelfSubjectAccessReview")
RULES_REVIEWS = _review("authorization.k8s.io", "SelfSubjectRulesReview")

BY_KIND = {"Service": SERVICES, "Deployment": DEPLOYMENTS}
