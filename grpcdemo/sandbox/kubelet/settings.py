"""What may differ from one kubelet to the next, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import HEADLESS, SERVICES
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.kubelet.backoff import FIRST_S
from grpcdemo.sandbox.kubelet.log_file import ROTATE_AT
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.services import ServicePort, list_service_ports
from grpcdemo.sandbox.proxy.sidecar import Sidecar

NODE = "sandbox"

Severity = Literal["Normal", "Warning"]
"""The types of event there are."""

Record = Callable[[Object, str, Severity, str, str], None]
"""Tells an event: the pod and the field of it that it is about, its type, its reason, and its message."""


@dataclass(frozen=True)
class Settings:
    backoff_s: float = FIRST_S
    """How long a container that crashes waits before its second restart."""
    rotate_at: int = ROTATE_AT
    """How many bytes a log may have."""


@dataclass(frozen=True)
class Node:
    """Where pods run."""

    store: Store
    network: Network
    root: Path
    record: Record
    settings: Settings

    def service_ports(self) -> list[ServicePort]:
        return list_service_ports(self.store)

    def resolve(self, namespace: str, service: str, port: int, sidecar: Sidecar | None) -> str:
        """The gRPC target for a Service's port, as seen from a pod.

        A Service that is not there yet has its address nevertheless: until it is, that refuses connections,
        and a client goes on trying.
        """
        found = self.store.find(SERVICES, namespace, service)
        if found is not None and found["spec"].get("clusterIP") == HEADLESS:
            return self._resolve_headless(namespace, service, port)
        if sidecar is not None:
            ip = sidecar.outbound_ip(namespace, service)
        else:
            known = found["spec"].get("clusterIP") if found else None
            ip = known or self.network.service_address(namespace, service)
        return "ipv4:{}:{}".format(*self.network.reach(ip, port))

    def _resolve_headless(self, namespace: str, service: str, port: int) -> str:
        """The pods themselves, as they are now."""
        ready = [
            endpoint
            for found in self.service_ports()
            if (found.namespace, found.service, found.port) == (namespace, service, port)
            for endpoint in found.ready
        ] or [(self.network.service_address(namespace, service), port)]
        addresses = (self.network.reach(*endpoint) for endpoint in ready)
        return "ipv4:" + ",".join(f"{host}:{number}" for host, number in addresses)
