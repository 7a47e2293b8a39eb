"""The two manifests, filled in: the same text is printed, written to files, and applied."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

from grpcdemo.manifests import defaults

NEWEST = (1, 99)
SECCOMP_SINCE = (1, 19)
GRPC_PROBE_SINCE = (1, 24)


@dataclass(frozen=True)
class Settings:
    """What may differ from one demo to the next."""

    server_image: str
    client_image: str
    namespace: str = defaults.NAMESPACE
    servers: int = defaults.SERVERS
    clients: int = defaults.CLIENTS
    rate: float = defaults.RATE
    """Calls a second that each client makes."""
    kubernetes: tuple[int, int] = NEWEST
    """Major and minor version of the API server that the manifests are for."""


def render(settings: Settings) -> dict[str, str]:
    """The YAML text by file name: `grpc-server.yaml`, `grpc-client.yaml`."""
    values = {
        "namespace": settings.namespace,
        "servers": settings.servers,
        "clients": settings.clients,
        "rate": f"{settings.rate:g}",
        "server_image": settings.server_image,
        "client_image": settings.client_image,
        "server_probe": _probe(50051, settings.kubernetes),
        "client_probe": _probe(50052, settings.kubernetes),
        "client_readiness": _probe(50052, settings.kubernetes, service="answered"),
        "seccomp": _seccomp(settings.kubernetes),
    }
    return {name: Template(_read(name)).substitute(values) for name in ("grpc-server.yaml", "grpc-client.yaml")}


def objects(settings: Settings) -> list[dict[str, Any]]:
    """The same manifests as objects, in the order in which they are applied."""
    import yaml

    return [found for text in render(settings).values() for found in yaml.safe_load_all(text)]


def _read(name: str) -> str:
    return (files("grpcdemo.manifests") / name).read_text(encoding="utf-8")


def _probe(port: int, kubernetes: tuple[int, int], service: str | None = None) -> str:
    """A probe by grpc.health.v1 of the *service*, or of the whole; before 1.24, whether the port is open."""
    if kubernetes < GRPC_PROBE_SINCE:
        return f"tcpSocket: {{port: {port}}} # a gRPC probe needs Kubernetes 1.24"
    return f"grpc: {{port: {port}, service: {service}}}" if service else f"grpc: {{port: {port}}}"


def _seccomp(kubernetes: tuple[int, int]) -> str:
    if kubernetes >= SECCOMP_SINCE:
        return "seccompProfile: {type: RuntimeDefault}"
    return "# seccompProfile needs Kubernetes 1.19"
