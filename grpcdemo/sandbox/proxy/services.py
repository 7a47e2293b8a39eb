"""Services and the pods behind them as the proxies need them: one entry for each port, read from the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINT_SLICES, SERVICES
from grpcdemo.sandbox.api.store import Store

HTTP = {"http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws"}
TCP = {"tcp", "tls", "https", "mongo", "mysql", "redis", "udp", "kubernetes.io/wss"}
"""What Istio takes for HTTP and for bytes, by appProtocol or by the first part of the port's name."""


@dataclass(frozen=True)
class Endpoint:
    ip: str
    port: int
    ready: bool
    serving: bool
    """Answers, though it may be on its way out."""


@dataclass(frozen=True)
class ServicePort:
    """One port of one Service."""

    namespace: str
    service: str
    cluster_ip: str
    """HEADLESS for a Service without one."""
    port: int
    http: bool
    endpoints: tuple[Endpoint, ...]

    @property
    def name(self) -> str:
        return f"{self.service}.{self.namespace}:{self.port}"

    @property
    def ready(self) -> list[tuple[str, int]]:
        return [(found.ip, found.port) for found in self.endpoints if found.ready]

    @property
    def usable(self) -> list[tuple[str, int]]:
        """As kube-proxy has it: where none is ready, those that still serve on their way out."""
        return self.ready or [(found.ip, found.port) for found in self.endpoints if found.serving]


def list_service_ports(store: Store) -> list[ServicePort]:
    slices: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for found in store.list(ENDPOINT_SLICES):
        metadata = found["metadata"]
        slices[metadata["namespace"], (metadata.get("labels") or {}).get(SERVICE_NAME, "")].append(found)
    return [
        _read_port(service, port, slices[service["metadata"]["namespace"], service["metadata"]["name"]])
        for service in store.list(SERVICES)
        for port in service["spec"].get("ports") or []
        if port.get("protocol", "TCP") == "TCP"
    ]


def _read_port(service: Object, port: Object, slices: Iterable[Object]) -> ServicePort:
    metadata = service["metadata"]
    endpoints = {found for endpoint_slice in slices for found in _read_endpoints(endpoint_slice, port.get("name", ""))}
    return ServicePort(
        namespace=metadata["namespace"],
        service=metadata["name"],
        cluster_ip=service["spec"]["clusterIP"],
        port=port["port"],
        http=is_http(port),
        endpoints=tuple(sorted(endpoints, key=lambda found: (found.ip, found.port))),
    )


def _read_endpoints(endpoint_slice: Object, port_name: str) -> list[Endpoint]:
    found = []
    for port in endpoint_slice.get("ports") or []:
        if (port.get("name") or "") != port_name:
            continue
        for endpoint in endpoint_slice.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            ready = conditions.get("ready") is not False
            serving = conditions.get("serving", ready) is not False
            found += [Endpoint(ip, port["port"], ready, serving) for ip in endpoint["addresses"]]
    return found


def is_http(port: Object) -> bool:
    """Whether Istio balances the requests on this port; one that does not say what it carries is found out."""
    for said in (port.get("appProtocol") or "", (port.get("name") or "").partition("-")[0]):
        if said.lower() in HTTP | TCP:
            return said.lower() in HTTP
    return True
