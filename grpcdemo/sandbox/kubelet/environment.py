"""A container's environment: its `env`, the downward API, and the addresses of its ports and Services."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import CLUSTER_DOMAIN
from grpcdemo.sandbox.kubelet.images import Image
from grpcdemo.sandbox.network import HOST_IP, Network

PER_KEY = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")
TARGET = re.compile(r"(?:dns:(?:///)?)?(?P<host>[a-z0-9.-]+):(?P<port>[0-9]+)", re.IGNORECASE)

IMAGE_ENV = {"PYTHONUNBUFFERED": "1"}
"""What the images set for every program."""

Resolve = Callable[[str, str, int], str | None]
"""The gRPC target for a port of a Service (namespace, name, port), or None if there can be no such Service."""


class ConfigError(Exception):
    """A container cannot be created as it is specified."""


def build_environment(container: Object, pod: Object, pod_ip: str) -> dict[str, str]:
    """The values of the container's `env`. Raises ConfigError."""
    for source in container.get("envFrom") or []:
        _refuse_absent(source)
    values: dict[str, str] = {}
    for variable in container.get("env") or []:
        name, source = variable["name"], variable.get("valueFrom")
        if source is None:
            values[name] = expand(variable.get("value") or "", values)
        elif "fieldRef" in source:
            values[name] = read_field(source["fieldRef"].get("fieldPath", ""), pod, pod_ip)
        else:
            _refuse_absent(source)
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """*text* with each `$(NAME)` replaced, unless NAME is unknown; `$$` is a dollar sign."""

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return values.get(match[1], match[0])

    return REFERENCE.sub(fill, text)


def add_addresses(
    values: dict[str, str], image: Image, listen_ip: str, network: Network, resolve: Resolve
) -> dict[str, str]:
    """*values*, with the real addresses on which one of our programs listens, and which it calls."""
    env = {**values}
    for name, default in image.ports.items():
        port = values.get(name) or str(default)
        if port.isascii() and port.isdigit() and 0 < int(port) <= 65535:
            env["LISTEN_HOST"], real_port = network.reach(listen_ip, int(port))
            env[name] = str(real_port)
    env.setdefault("LISTEN_HOST", network.reach(listen_ip, 1024)[0])
    for name, target in image.targets.items():
        env[name] = resolve_target(values.get(name) or target, resolve)
    return env


def write_bootstrap(bootstrap: Object, folder: Path) -> str:
    """Write the file by which a container's gRPC finds its xDS server; the path. Raises OSError."""
    path = folder / "grpc-bootstrap.json"
    path.write_text(json.dumps(bootstrap), encoding="utf-8")
    return str(path)


def resolve_target(target: str, resolve: Resolve) -> str:
    """The address of a target that names a Service; any other target unchanged."""
    match = TARGET.fullmatch(target)
    if match is None or _is_address(match["host"]):
        return target
    name, *rest = match["host"].rstrip(".").split(".")
    namespace = rest[0] if rest else ""
    if rest[1:] != CLUSTER_DOMAIN.split(".")[: len(rest[1:])] or name == "localhost":
        return target
    return resolve(namespace, name, int(match["port"])) or target


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refuse_absent(source: Object) -> None:
    """The sandbox has no ConfigMaps and no Secrets. Raises ConfigError unless *source* is optional."""
    for key, kind in (("configMap", "configmap"), ("secret", "secret")):
        reference = source.get(f"{key}KeyRef") or source.get(f"{key}Ref")
        if reference is not None:
            if reference.get("optional"):
                return
            raise ConfigError(f'{kind} "{reference.get("name", "")}" not found')
    raise ConfigError(f"the sandbox does not support {', '.join(source) or 'an empty source'}")


def read_field(path: str, pod: Object, pod_ip: str) -> str:
    """A pod's field for the downward API. Raises ConfigError."""
    metadata, spec = pod["metadata"], pod["spec"]
    fields = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": HOST_IP,
        "status.hostIPs": HOST_IP,
        "status.podIP": pod_ip,
        "status.podIPs": pod_ip,
    }
    if path in fields:
        return str(fields[path])
    if match := PER_KEY.fullmatch(path):
        return str((metadata.get(match[1]) or {}).get(match[2], ""))
    raise ConfigError(f"unsupported fieldPath: {path}")
