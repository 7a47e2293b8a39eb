"""One port of a Service, its clients as far as they are known, and the objects around: the input of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from grpcdemo.diagnosis.inventory import Inventory, Unreadable
from grpcdemo.diagnosis.proxies import Proxy, proxy_in
from grpcdemo.resources.endpoints import is_ready_endpoint
from grpcdemo.resources.injectors import Webhook, read_webhooks
from grpcdemo.resources.istio import AMBIENT_LABEL
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, controller_of, labels_of
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.references import ObjectReference, reference_to
from grpcdemo.resources.resource import (
    CLUSTER_DOMAIN,
    ENDPOINT_SLICES,
    HEADLESS,
    ISTIO_NETWORKING,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    PODS,
    SERVICES,
)
from grpcdemo.resources.rights import Right

ROOT_NAMESPACE = "istio-system"
"""Where Istio looks for what applies to the whole mesh."""
LINKERD_GROUP = "policy.linkerd.io"


@dataclass(frozen=True)
class Client:
    """A workload that calls the Service, and its pods."""

    reference: ObjectReference
    workload: Object | None
    """None if only its pods were read."""
    pods: tuple[Object, ...]

    @property
    def namespace(self) -> str:
        return self.reference.namespace or ""

    @property
    def is_one_of_many(self) -> bool:
        """A pod alone, whose workload may have others."""
        return self.reference.resource is PODS and any(map(controller_of, self.pods))


@dataclass(frozen=True)
class Endpoint:
    """One address behind the Service."""

    address: str
    pod: str | None
    node: str | None
    zone: str | None
    ready: bool


@dataclass(frozen=True)
class Scene:
    """What is known of one port of a Service."""

    service: Object
    port: Object
    """Of the Service's spec."""
    inventory: Inventory
    client: Client | None = None
    """Who calls, if somebody was named."""
    unseen: Right | None = None
    """Why nobody looked for callers in other namespaces."""

    @property
    def name(self) -> str:
        return str(self.service["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.service["metadata"]["namespace"])

    @property
    def host(self) -> str:
        return f"{self.name}.{self.namespace}.{CLUSTER_DOMAIN}"

    @property
    def reference(self) -> ObjectReference:
        return reference_to(SERVICES, self.service)

    @property
    def port_number(self) -> int:
        return int(self.port["port"])

    @property
    def spec(self) -> Object:
        spec: Object = self.service["spec"]
        return spec

    @property
    def is_external_name(self) -> bool:
        return self.spec.get("type") == "ExternalName"

    @property
    def is_headless(self) -> bool:
        return self.spec.get("clusterIP") == HEADLESS

    @property
    def has_cluster_ip(self) -> bool:
        return not self.is_headless and not self.is_external_name

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Each pod once, for this port. Raises Unreadable."""
        return tuple({endpoint.pod or endpoint.address: endpoint for endpoint in self._addresses}.values())

    @property
    def ready_addresses(self) -> dict[str, str]:
        """The pod behind each address, in every family, that takes calls of this port. Raises Unreadable."""
        return {one.address: one.pod or one.address for one in self._addresses if one.ready}

    @property
    def _addresses(self) -> list[Endpoint]:
        slices = filter(self._serves_port, self._slices)
        return [_read_endpoint(item) for slice_ in slices for item in slice_.get("endpoints") or []]

    @property
    def _slices(self) -> list[Object]:
        return self.inventory.select(ENDPOINT_SLICES, self.namespace, {SERVICE_NAME: self.name})

    @property
    def ready_endpoints(self) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints if endpoint.ready]

    @cached_property
    def target_ports(self) -> set[int]:
        """The numbers of the port that the pods listen on. Raises Unreadable."""
        return {
            port["port"]
            for slice_ in self._slices
            for port in slice_.get("ports") or []
            if (port.get("name") or "") == self.port.get("name", "") and port.get("port")
        }

    @property
    def dialed_ports(self) -> set[int]:
        """What a client connects to: the Service's port or, of a headless one, the pods' own."""
        return self.target_ports if self.is_headless else {self.port_number}

    @cached_property
    def selected_pods(self) -> list[Object]:
        """The active pods that the Service's selector names. Raises Unreadable."""
        selector = self.spec.get("selector")
        return [*filter(is_active, self.inventory.select(PODS, self.namespace, selector))] if selector else []

    @cached_property
    def servers(self) -> list[Object]:
        """The pods behind the ready endpoints. Raises Unreadable."""
        self.inventory.require(PODS, self.namespace)
        pods = (self.inventory.find(PODS, one.pod, self.namespace) for one in self.ready_endpoints if one.pod)
        return [pod for pod in pods if pod]

    @property
    def callers(self) -> tuple[Object, ...]:
        """The named client's pods; nobody without a name."""
        return self.client.pods if self.client else ()

    @property
    def caller_namespace(self) -> str:
        """Where its configuration is looked for; without a named client, the Service's own."""
        return self.client.namespace if self.client else self.namespace

    def callers_with(self, *proxies: Proxy) -> list[Object]:
        return [pod for pod, proxy in self._callers_proxies if proxy in proxies]

    @cached_property
    def _callers_proxies(self) -> list[tuple[Object, Proxy]]:
        return [(pod, self.proxy_of(pod)) for pod in self.callers]

    def proxy_of(self, pod: Object) -> Proxy:
        return proxy_in(pod, self.namespace_labels(pod["metadata"]["namespace"]))

    def namespace_labels(self, name: str) -> dict[str, str]:
        """None of them if the namespace cannot be read."""
        namespace = self.namespace_object(name)
        return {} if namespace is None else labels_of(namespace)

    def namespace_object(self, name: str) -> Object | None:
        """None if it cannot be read."""
        try:
            return self.inventory.find(NAMESPACES, name)
        except Unreadable:
            return None

    @cached_property
    def injectors(self) -> list[Webhook] | None:
        """Istio's; None if they cannot be read."""
        try:
            return read_webhooks(self.inventory.read(MUTATING_WEBHOOKS))
        except Unreadable:
            return None

    @cached_property
    def has_istio(self) -> bool:
        """Whether a pod can get Istio's sidecar here, as far as this user can tell."""
        if self.callers_with(Proxy.SIDECAR, Proxy.PROXYLESS, Proxy.AMBIENT):
            return True
        return ISTIO_NETWORKING in self.inventory.groups if self.injectors is None else bool(self.injectors)

    @property
    def has_linkerd(self) -> bool:
        return LINKERD_GROUP in self.inventory.groups

    @property
    def has_mesh(self) -> bool:
        return self.has_istio or self.has_linkerd

    @property
    def sidecar_matters(self) -> bool:
        """Whether a client has Istio's sidecar, or may have it, or gets it by the cure of what is wrong now."""
        if not self.client:
            return self.has_istio and not self.is_ambient
        proxies = {proxy for _, proxy in self._callers_proxies}
        return Proxy.SIDECAR in proxies or (Proxy.NONE in proxies and self.has_istio)

    @property
    def is_ambient(self) -> bool:
        """Whether the Service's namespace is in ambient mode."""
        return self.namespace_labels(self.namespace).get(AMBIENT_LABEL) == "ambient"

    @property
    def kube_proxy_matters(self) -> bool:
        """Whether a client is known to reach the Service through kube-proxy."""
        return bool(self.callers_with(Proxy.NONE)) or (not self.client and not self.has_mesh)

    def _serves_port(self, slice_: Object) -> bool:
        """A slice without ports is of pods that do not declare the port's target."""
        return any((port.get("name") or "") == self.port.get("name", "") for port in slice_.get("ports") or [])


def _read_endpoint(item: Object) -> Endpoint:
    target = item.get("targetRef") or {}
    return Endpoint(
        address=(item.get("addresses") or [""])[0],
        pod=target.get("name") if target.get("kind") == "Pod" else None,
        node=item.get("nodeName"),
        zone=item.get("zone"),
        ready=is_ready_endpoint(item),
    )
