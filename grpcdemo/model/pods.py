"""The demo's pods and Deployments, and what `status` shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grpcdemo.model.target import Target

SERVER_APP = "grpc-server"

CLIENT_APP = "grpc-client"

CLIENT_CONTAINER = "grpc-client"

ProxyKind = Literal["native sidecar", "container"]
"""How a pod runs Istio's proxy: as an init container that keeps running, or as a plain container."""


@dataclass(frozen=True)
class Pod:
    """One pod as `kubectl get pods -o wide` shows it, and its Istio proxy."""

    name: str
    uid: str
    app: str
    status: str
    ready_containers: int
    containers: int
    restarts: int
    ip: str | None
    node: str | None
    proxy: ProxyKind | None
    ready: bool
    """The condition Ready, which makes the pod an endpoint of its Service."""
    deleting: bool
    finished: bool
    """Succeeded or Failed: it never runs again, and does not count."""

    @property
    def ready_text(self) -> str:
        return f"{self.ready_containers}/{self.containers}"

    @property
    def live(self) -> bool:
        return not self.deleting and not self.finished


@dataclass(frozen=True)
class Workload:
    """One of the demo's two Deployments."""

    name: str
    replicas: int | None
    """How many pods it is to have; None if there is no such Deployment."""
    ready: int = 0
    paused: bool = False


@dataclass(frozen=True)
class Status:
    """What `status` shows."""

    target: Target
    kubernetes: str
    namespace: str
    phase: str | None
    """The namespace's phase; None if the namespace does not exist."""
    owned: bool
    """grpcdemo created the namespace."""
    labels: dict[str, str]
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]
