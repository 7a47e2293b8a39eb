"""One table of the API's resources: every kind that grpcdemo touches or that the sandbox serves.

Those of Kubernetes exist since 1.18, EndpointSlices in this version since 1.21; those of meshes only where one is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    """A kind of object and how the API names it, as an `APIResource` of discovery says."""

    kind: str
    plural: str
    group: str = ""
    """Empty for the core group."""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    namespaced: bool = True
    version: str = "v1"

    @property
    def singular(self) -> str:
        return self.kind.lower()

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

    @property
    def words(self) -> tuple[str, ...]:
        """Every way to name it before a slash: `deploy`, `deployment`, `deployments`, `deployments.apps`."""
        return (*self.short_names, self.singular, self.plural, self.qualified)

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        parts = [self.prefix]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)


ALL = ("all",)
"""The category of `kubectl get all`."""

NAMESPACES = Resource("Namespace", "namespaces", "", ("ns",), (), ("status", "finalize"), namespaced=False)
PODS = Resource(
    "Pod", "pods", "", ("po",), ALL, ("status", "ephemeralcontainers", "exec", "log", "portforward", "proxy")
)
SERVICES = Resource("Service", "services", "", ("svc",), ALL, ("status",))
CLUSTER_DOMAIN = "svc.cluster.local"
"""What follows a Service's namespace in its full name."""
HEADLESS = "None"
"""The clusterIP of a headless Service; an empty one is still to be allocated."""
ENDPOINTS = Resource("Endpoints", "endpoints", "", ("ep",))
EVENTS = Resource("Event", "events", "", ("ev",))
NODES = Resource("Node", "nodes", "", ("no",), (), ("status",), namespaced=False)
SERVICE_ACCOUNTS = Resource("ServiceAccount", "serviceaccounts", "", ("sa",))
CONFIG_MAPS = Resource("ConfigMap", "configmaps", "", ("cm",))
SECRETS = Resource("Secret", "secrets")
VOLUME_CLAIMS = Resource("PersistentVolumeClaim", "persistentvolumeclaims", "", ("pvc",))
DEPLOYMENTS = Resource("Deployment", "deployments", "apps", ("deploy",), ALL, ("status", "scale"))
REPLICA_SETS = Resource("ReplicaSet", "replicasets", "apps", ("rs",), ALL, ("status", "scale"))
STATEFUL_SETS = Resource("StatefulSet", "statefulsets", "apps", ("sts",), ALL)
DAEMON_SETS = Resource("DaemonSet", "daemonsets", "apps", ("ds",), ALL)
ENDPOINT_SLICES = Resource("EndpointSlice", "endpointslices", "discovery.k8s.io")
JOBS = Resource("Job", "jobs", "batch", (), ALL)
INGRESSES = Resource("Ingress", "ingresses", "networking.k8s.io", ("ing",))
LEASES = Resource("Lease", "leases", "coordination.k8s.io")
MUTATING_WEBHOOKS = Resource(
    "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "admissionregistration.k8s.io", namespaced=False
)
POD_METRICS = Resource("PodMetrics", "pods", "metrics.k8s.io", version="v1beta1")
AUTHORIZATION = "authorization.k8s.io"
ACCESS_REVIEWS = Resource("SelfSubjectAccessReview", "selfsubjectaccessreviews", AUTHORIZATION, namespaced=False)
RULES_REVIEWS = Resource("SelfSubjectRulesReview", "selfsubjectrulesreviews", AUTHORIZATION, namespaced=False)

ISTIO_NETWORKING = "networking.istio.io"
DESTINATION_RULES = Resource("DestinationRule", "destinationrules", ISTIO_NETWORKING, ("dr",))
VIRTUAL_SERVICES = Resource("VirtualService", "virtualservices", ISTIO_NETWORKING, ("vs",))
SERVICE_ENTRIES = Resource("ServiceEntry", "serviceentries", ISTIO_NETWORKING, ("se",))
SIDECARS = Resource("Sidecar", "sidecars", ISTIO_NETWORKING)
ENVOY_FILTERS = Resource("EnvoyFilter", "envoyfilters", ISTIO_NETWORKING, version="v1alpha3")
ISTIO_SECURITY = "security.istio.io"
PEER_AUTHENTICATIONS = Resource("PeerAuthentication", "peerauthentications", ISTIO_SECURITY, ("pa",))
AUTHORIZATION_POLICIES = Resource("AuthorizationPolicy", "authorizationpolicies", ISTIO_SECURITY, ("ap",))
TELEMETRIES = Resource("Telemetry", "telemetries", "telemetry.istio.io")
GATEWAY_API = "gateway.networking.k8s.io"
GATEWAYS = Resource("Gateway", "gateways", GATEWAY_API)
GRPC_ROUTES = Resource("GRPCRoute", "grpcroutes", GATEWAY_API)
HTTP_ROUTES = Resource("HTTPRoute", "httproutes", GATEWAY_API)
MONITORING = "monitoring.coreos.com"
"""Of the Prometheus operator."""
POD_MONITORS = Resource("PodMonitor", "podmonitors", MONITORING, ("pmon",))
SERVICE_MONITORS = Resource("ServiceMonitor", "servicemonitors", MONITORING, ("smon",))
FELIX_CONFIGURATIONS = Resource("FelixConfiguration", "felixconfigurations", "crd.projectcalico.org", namespaced=False)
"""Calico's settings."""

BY_KIND = {"Service": SERVICES, "Deployment": DEPLOYMENTS}
BY_QUALIFIED = {
    resource.qualified: resource
    for resource in (
        *(PODS, SERVICES, ENDPOINTS, EVENTS, SERVICE_ACCOUNTS, CONFIG_MAPS, SECRETS, VOLUME_CLAIMS),
        *(DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, ENDPOINT_SLICES, LEASES),
    )
}
"""What a namespace may hold, as most errors name it."""
