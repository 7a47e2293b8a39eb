"""Services and their endpoints as the proxies need them: one entry per port, read from the store and followed."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError
from grpcdemo.resources.endpoints import is_ready_endpoint
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, labels_of, namespaced_name
from grpcdemo.resources.resource import ENDPOINT_SLICES, SERVICES
from grpcdemo.sandbox.api.store import Store

HTTP = {"http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws"}
TCP = {"tcp", "tls", "https", "mongo", "mysql", "redis", "udp", "kubernetes.io/wss"}
"""The protocols that Istio treats as HTTP and as TCP, by appProtocol or by the prefix of the port's name."""
RETRY_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """A backend of a Service."""

    ip: str
    port: int
    ready: bool
    serving: bool
    """Still answers, though it may be terminating."""


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
        return [(endpoint.ip, endpoint.port) for endpoint in self.endpoints if endpoint.ready]

    @property
    def usable(self) -> list[tuple[str, int]]:
        """As kube-proxy does: if none is ready, the terminating ones that still serve."""
        return self.ready or [(endpoint.ip, endpoint.port) for endpoint in self.endpoints if endpoint.serving]


def list_service_ports(store: Store) -> list[ServicePort]:
    slices: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for slice_ in store.scan(ENDPOINT_SLICES):
        slices[slice_["metadata"]["namespace"], labels_of(slice_).get(SERVICE_NAME, "")].append(slice_)
    return [
        _read_port(service, port, slices[namespaced_name(service)])
        for service in store.scan(SERVICES)
        for port in service["spec"].get("ports") or []
        if port.get("protocol", "TCP") == "TCP"
    ]


def _read_port(service: Object, port: Object, slices: Iterable[Object]) -> ServicePort:
    metadata = service["metadata"]
    endpoints = {endpoint for slice_ in slices for endpoint in _read_endpoints(slice_, port.get("name", ""))}
    return ServicePort(
        namespace=metadata["namespace"],
        service=metadata["name"],
        cluster_ip=service["spec"]["clusterIP"],
        port=port["port"],
        http=is_http(port),
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: (endpoint.ip, endpoint.port))),
    )


def _read_endpoints(slice_: Object, port_name: str) -> list[Endpoint]:
    endpoints = []
    for port in slice_.get("ports") or []:
        if (port.get("name") or "") != port_name:
            continue
        for endpoint in slice_.get("endpoints") or []:
            ready = is_ready_endpoint(endpoint)
            serving = (endpoint.get("conditions") or {}).get("serving", ready) is not False
            endpoints += [Endpoint(ip, port["port"], ready, serving) for ip in endpoint["addresses"]]
    return endpoints


def is_http(port: Object) -> bool:
    """Whether Istio balances requests on this port; without a protocol, Istio detects it, and gRPC is HTTP."""
    for protocol in (port.get("appProtocol") or "", (port.get("name") or "").partition("-")[0]):
        if protocol.lower() in HTTP | TCP:
            return protocol.lower() in HTTP
    return True


async def follow_services(store: Store, changed: Callable[[], None], *, retry_s: float = RETRY_S) -> None:
    """Call *changed* now and after each change until cancelled; changes in one turn of the event loop count as one."""
    pending: asyncio.Handle | None = None

    def update() -> None:
        nonlocal pending
        pending = None
        try:
            changed()
        except (OSError, GrpcdemoError) as error:  # a full disk or no free port, which may pass
            log.error("cannot configure a proxy: %s", error)
            pending = asyncio.get_running_loop().call_later(retry_s, update)

    try:
        async for event in store.follow(None, update):
            if event.resource in (SERVICES, ENDPOINT_SLICES) and pending is None:
                pending = asyncio.get_running_loop().call_soon(update)
    finally:
        if pending is not None:
            pending.cancel()
