"""The sidecar of a pod: one Envoy that balances requests on their way in and out of the pod.

On a cluster, kernel rules redirect a pod's traffic to its sidecar. Here the sidecar listens on the pod's address, the
application on a private one behind it; and a Service's name resolves to an address on which the pod's own sidecar
listens for that Service.
"""

from __future__ import annotations

from collections.abc import Iterable
from errno import ECONNREFUSED

from grpcdemo.manifests.images import TAG
from grpcdemo.resources.istio import ADMIN_PORT
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import HEADLESS
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.config import (
    Address,
    Config,
    build_cluster,
    build_listener,
    build_load_assignment,
    build_routing_listener,
    build_static_cluster,
    socket_address,
)
from grpcdemo.sandbox.proxy.services import ServicePort
from grpcdemo.sandbox.proxy.xds import ADMIN_ADDRESS, Snapshot, XdsFolder, build_bootstrap

IMAGE = f"localhost/grpcdemo-sandbox-proxy:{TAG}"
"""The image by which a pod asks for this proxy."""

STATUS_PORT = 15021
"""Of Istio's agent."""
READY_PATH = "/healthz/ready"
ONLY_GET: Config = {"name": ":method", "string_match": {"exact": "GET"}}
"""Whoever may connect on this machine may look, and change nothing."""


class Sidecar:
    """The addresses and configuration of one pod's proxy; the kubelet runs the process. Free it at the end."""

    def __init__(self, pod: Object, pod_ip: str, network: Network, folder: XdsFolder) -> None:
        self._pod = pod
        self._pod_ip = pod_ip
        self._network = network
        self._outbound: dict[tuple[str, str], str] = {}
        self.app_ip = network.allocate_private()
        """Where the application listens."""
        self.folder = folder

    def outbound_ip(self, namespace: str, service: str) -> str:
        """The address on which the sidecar listens for a Service, which need not exist yet."""
        key = (namespace, service)
        if key not in self._outbound:
            self._outbound[key] = self._network.allocate_private()
        return self._outbound[key]

    def find_port(self, port: int) -> Address:
        """Where a port of the pod's loopback interface is. Raises OSError if nothing is there."""
        if port == ADMIN_PORT and self._network.is_virtual:
            raise ConnectionRefusedError(
                ECONNREFUSED, "Envoy knows no pod by its IP here: only 127.0.0.1 answers on this machine"
            )
        return self._network.reach(self._pod_ip if port == STATUS_PORT else self.app_ip, port)

    def create(self, service_ports: Iterable[ServicePort]) -> None:
        """Write all files of an Envoy that is about to start."""
        status = self._network.reach(self._pod_ip, STATUS_PORT)
        admin = self._network.reach(self.app_ip, ADMIN_PORT)
        bootstrap = build_sidecar_bootstrap(self._pod["metadata"]["name"], self.folder, status, admin)
        self.folder.create(bootstrap, self.configure(service_ports))

    def update(self, service_ports: Iterable[ServicePort]) -> None:
        if self.folder.bootstrap.exists():
            self.folder.update(self.configure(service_ports))

    def free(self) -> None:
        for ip in (self.app_ip, *self._outbound.values()):
            self._network.free(ip)

    def configure(self, service_ports: Iterable[ServicePort]) -> Snapshot:
        known = list(service_ports)
        listeners, clusters, assignments = [], [], []
        for port, http in sorted(find_inbound(self._pod, self._pod_ip, known).items()):
            name = f"inbound|{port}||"
            address = self._network.reach(self._pod_ip, port)
            app = socket_address(self._network.reach(self.app_ip, port))
            clusters.append(build_static_cluster(name, app, http=http))
            listeners.append(build_listener(name, address, http=http))
        for service in known:
            if service.cluster_ip == HEADLESS:
                continue  # a client resolves the pods, and calls them past the balancer
            name = f"outbound|{service.port}||{service.service}.{service.namespace}.svc.cluster.local"
            address = self._network.reach(self.outbound_ip(service.namespace, service.service), service.port)
            endpoints = [self._network.reach(*endpoint) for endpoint in service.ready]
            eds_path = self.folder.eds_path(name)
            clusters.append(build_cluster(name, eds_path=eds_path, balancing="LEAST_REQUEST", http=service.http))
            assignments.append(build_load_assignment(name, endpoints))
            listeners.append(build_listener(name, address, http=service.http, retries=True))
        return Snapshot(listeners, clusters, assignments)


def find_inbound(pod: Object, pod_ip: str, service_ports: Iterable[ServicePort]) -> dict[int, bool]:
    """The ports on which the pod is called, declared or targeted by Services, and whether each carries HTTP."""
    inbound = {
        int(port["containerPort"]): True
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or []
        if port.get("protocol", "TCP") == "TCP"
    }
    for service in service_ports:
        for endpoint in service.endpoints:
            if endpoint.ip == pod_ip:
                inbound[endpoint.port] = service.http
    return inbound


def build_sidecar_bootstrap(name: str, folder: XdsFolder, status: Address, admin: Address) -> Config:
    """With a listener for probes, which shows of Envoy's admin API only whether Envoy is ready; and one to read it."""
    ready = {"match": {"path": READY_PATH}, "route": {"cluster": "admin", "prefix_rewrite": "/ready"}}
    read = {"match": {"prefix": "/", "headers": [ONLY_GET]}, "route": {"cluster": "admin"}}
    return build_bootstrap(
        name,
        folder,
        listeners=[build_routing_listener("status", status, [ready]), build_routing_listener("admin", admin, [read])],
        clusters=[build_static_cluster("admin", ADMIN_ADDRESS, http=False)],
    )
