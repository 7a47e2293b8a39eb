"""A container's environment: what its author says, what the downward API knows, and where its Services are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.kubelet.images import Image
from grpcdemo.sandbox.network import HOST_IP, Network

PER_KEY = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")
TARGET = re.compile(r"(?:dns:(?:///)?)?(?P<host>[a-z0-9.-]+):(?P<port>[0-9]+)", re.IGNORECASE)
CLUSTER_DOMAIN = ["svc", "cluster", "local"]

IN_IMAGE = {"PYTHONUNBUFFERED": "1"}
"""What our images set for whatever runs in them."""

Resolve = Callable[[str, str, int], str | None]
"""The gRPC target for a port of a Service (namespace, name, port), or None where the name is no Service's."""


class ConfigError(Exception):
    """A container that cannot be made as it is written."""


def build_environment(container: Object, pod: Object, pod_ip: str) -> dict[str, str]:
    """What the container's `env` says. Raises ConfigError."""
    for source in container.get("envFrom") or []:
        _refuse_absent(source)
    values: dict[str, str] = {}
    for variable in container.get("env") or []:
        if "valueFrom" not in variable:
            values[variable["name"]] = expand(variable.get("value") or "", values)
        elif (found := _read_source(variable["valueFrom"], pod, pod_ip)) is not None:
            values[variable["name"]] = found
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """*text* with `$(NAME)` filled in; a name that is not known stays, `$$` is a dollar sign."""

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return values.get(match[1], match[0])

    return REFERENCE.sub(fill, text)


def add_addresses(
    values: dict[str, str], image: Image, listen_ip: str, network: Network, resolve: Resolve
) -> dict[str, str]:
    """Where one of our programs is to listen, and where what it calls is to be found."""
    made = {**values}
    for name, default in image.ports.items():
        said = values.get(name) or str(default)
        if said.isascii() and said.isdigit() and 0 < int(said) <= 65535:
            made["LISTEN_HOST"], port = network.reach(listen_ip, int(said))
            made[name] = str(port)
    made.setdefault("LISTEN_HOST", network.reach(listen_ip, 1024)[0])
    for name, target in image.targets.items():
        made[name] = resolve_target(values.get(name) or target, resolve)
    return made


def resolve_target(target: str, resolve: Resolve) -> str:
    """The address for a target that names a Service; any other target as it is."""
    match = TARGET.fullmatch(target)
    if match is None or _is_address(match["host"]):
        return target
    name, *rest = match["host"].rstrip(".").split(".")
    namespace = rest[0] if rest else ""
    if rest[1:] != CLUSTER_DOMAIN[: len(rest[1:])] or name == "localhost":
        return target
    return resolve(namespace, name, int(match["port"])) or target


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _read_source(source: Object, pod: Object, pod_ip: str) -> str | None:
    if "fieldRef" in source:
        return read_field(source["fieldRef"].get("fieldPath", ""), pod, pod_ip)
    _refuse_absent(source)
    return None


def _refuse_absent(source: Object) -> None:
    """The sandbox has no ConfigMaps and no Secrets, so none that is asked for is there."""
    for key, kind in (("configMap", "configmap"), ("secret", "secret")):
        found = source.get(f"{key}KeyRef") or source.get(f"{key}Ref")
        if found is not None:
            if found.get("optional"):
                return
            raise ConfigError(f'{kind} "{found.get("name", "")}" not found')
    raise ConfigError(f"the sandbox cannot fill in {', '.join(source) or 'nothing'}")


def read_field(path: str, pod: Object, pod_ip: str) -> str:
    """What the downward API says of a pod. Raises ConfigError."""
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
