"""What a kubelet works with on this machine, and its configuration."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import HEADLESS, SERVICES
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.child import LAUNCH, Command, RunningProcess, Write, start_process
from grpcdemo.sandbox.controllers.events import Severity
from grpcdemo.sandbox.kubelet.backoff import FIRST_S
from grpcdemo.sandbox.kubelet.fork_server import ForkServer
from grpcdemo.sandbox.kubelet.log_file import ROTATE_AT
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.agent import GrpcAgent
from grpcdemo.sandbox.proxy.services import ServicePort, list_service_ports
from grpcdemo.sandbox.proxy.sidecar import Sidecar

NODE = "sandbox"

log = logging.getLogger(__name__)

RecordEvent = Callable[[Object, str, Severity, str, str], None]
"""Records an Event about a pod and a field of it, with its type, reason and message."""


@dataclass(frozen=True)
class KubeletConfig:
    """What a test sets to other values."""

    backoff_s: float = FIRST_S
    """The delay before the second restart of a container that crashes."""
    rotate_at: int = ROTATE_AT
    """The size in bytes at which a log is rotated."""
    launch: Path = LAUNCH
    """The script with which every process starts."""
    forks: bool = True
    """Whether our images' programs are forked, where the system can."""
    dns: str | None = None
    """The address of the DNS server that knows headless Services; None to resolve them once, when a pod starts."""
    agent: GrpcAgent | None = None
    """Tells clients with gRPC's xDS where to ask."""


@dataclass(frozen=True)
class Host:
    """Where pods run: this machine, as the node."""

    store: Store
    network: Network
    root: Path
    record: RecordEvent
    config: KubeletConfig
    fork_server: ForkServer | None

    async def start(self, command: Command, write: Write) -> RunningProcess:
        """Raises OSError if the system refuses."""
        if self.fork_server is not None and self.fork_server.can_run(command):
            try:
                return await self.fork_server.start(command, write)
            except OSError as error:
                log.warning("cannot fork %s, so it starts afresh: %s", command.argv[0], error)
        return await start_process(command, write, launch=self.config.launch)

    def service_ports(self) -> list[ServicePort]:
        return list_service_ports(self.store)

    def resolve(self, namespace: str, service: str, port: int, sidecar: Sidecar | None) -> str:
        """The gRPC target for a Service's port, from inside a pod.

        A Service that does not exist yet already has its address: it refuses connections, and a client retries.
        """
        obj = self.store.find(SERVICES, namespace, service)
        cluster_ip = obj["spec"].get("clusterIP") if obj else None
        if cluster_ip == HEADLESS and self.config.dns:
            return f"dns://{self.config.dns}/{service}.{namespace}.svc.cluster.local:{port}"
        if cluster_ip == HEADLESS:
            return self._resolve_headless(namespace, service, port)
        if sidecar is not None:
            ip = sidecar.outbound_ip(namespace, service)
        else:
            ip = cluster_ip or self.network.service_address(namespace, service)
        return "ipv4:{}:{}".format(*self.network.reach(ip, port))

    def _resolve_headless(self, namespace: str, service: str, port: int) -> str:
        """The present addresses of the pods."""
        name = f"{service}.{namespace}:{port}"
        ready = [endpoint for known in self.service_ports() if known.name == name for endpoint in known.ready]
        unready = (self.network.service_address(namespace, service), port)
        addresses = (self.network.reach(*endpoint) for endpoint in ready or [unready])
        return "ipv4:" + ",".join(f"{host}:{number}" for host, number in addresses)
