"""The two manifests with their values filled in: the text that is printed, written to files, and applied.

Each string is filled in with quotes around it: bare, YAML takes `123`, `1e3`, `on` and `null` for something else, and
its readers do not even agree for what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

import yaml

from grpcdemo.manifests import compute, defaults
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference

NEWEST = (1, 99)
SECCOMP_SINCE = (1, 19)
GRPC_PROBE_SINCE = (1, 24)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML comes with libyaml."""


@dataclass(frozen=True)
class ManifestValues:
    """What differs from one demo to the next."""

    namespace: str = defaults.NAMESPACE
    servers: int = defaults.SERVERS
    clients: int = defaults.CLIENTS
    rate: float = defaults.RATE
    """Calls per second of each client."""
    image_prefix: str | None = None
    """The registry and path of both images; None for images without a registry."""
    resources: compute.Resources | None = None
    """Those that differ from the defaults."""
    kubernetes: tuple[int, int] = NEWEST
    """Major and minor version of the API server that the manifests are for."""


def render(values: ManifestValues) -> dict[str, str]:
    """The YAML text by file name: `grpc-server.yaml`, `grpc-client.yaml`."""
    texts = {
        "namespace": _quote(values.namespace),
        "servers": values.servers,
        "clients": values.clients,
        "rate": _quote(f"{values.rate:g}"),
        "server_image": _quote(image_reference(SERVER_IMAGE, values.image_prefix)),
        "client_image": _quote(image_reference(CLIENT_IMAGE, values.image_prefix)),
        "requests": _quote(compute.quantities("requests", values.resources)),
        "limits": _quote(compute.quantities("limits", values.resources)),
        "server_probe": _probe(50051, values.kubernetes),
        "client_probe": _probe(50052, values.kubernetes),
        "client_readiness": _probe(50052, values.kubernetes, service="answered"),
        "seccomp": _seccomp(values.kubernetes),
    }
    templates = [files("grpcdemo.manifests") / name for name in ("grpc-server.yaml", "grpc-client.yaml")]
    return {path.name: Template(path.read_text(encoding="utf-8")).substitute(texts) for path in templates}


def build_objects(values: ManifestValues) -> list[dict[str, Any]]:
    """The same manifests as objects, in the order in which they are applied."""
    return [obj for text in render(values).values() for obj in yaml.load_all(text, Loader=LOADER)]


def _quote(value: str | dict[str, str]) -> str:
    """*value* as YAML on one line, with quotes around each string."""
    text: str = yaml.safe_dump(value, default_style='"', default_flow_style=True, sort_keys=False, width=math.inf)
    return text.rstrip("\n")


def _probe(port: int, kubernetes: tuple[int, int], service: str | None = None) -> str:
    """A gRPC health probe of *service*, or of the whole server; before 1.24 a probe of the port."""
    if kubernetes < GRPC_PROBE_SINCE:
        return f"tcpSocket: {{port: {port}}} # a gRPC probe needs Kubernetes 1.24"
    return f"grpc: {{port: {port}, service: {service}}}" if service else f"grpc: {{port: {port}}}"


def _seccomp(kubernetes: tuple[int, int]) -> str:
    if kubernetes >= SECCOMP_SINCE:
        return "seccompProfile: {type: RuntimeDefault}"
    return "# seccompProfile needs Kubernetes 1.19"
