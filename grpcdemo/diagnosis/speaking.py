"""Which Services speak gRPC, as far as their objects say."""

from __future__ import annotations

from grpcdemo.diagnosis.inventory import Inventory, Unreadable
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import PODS

USUAL_PORT = 50051
ISTIOD = {"app": "istiod"}
LINKERD_COMPONENT = "linkerd.io/control-plane-component"
"""Labels of the Services of the meshes' control planes, as their charts set them."""


def speaks_grpc(service: Object, port: Object, inventory: Inventory) -> bool:
    """By the port's name or appProtocol, whatever else they say; by gRPC's usual number; or by a gRPC probe."""
    if port.get("protocol", "TCP") != "TCP":
        return False
    return declares_grpc(port) or port["port"] == USUAL_PORT or _is_probed(service, port, inventory)


def is_of_control_plane(service: Object) -> bool:
    """Istio's or Linkerd's."""
    labels = labels_of(service)
    return ISTIOD.items() <= labels.items() or LINKERD_COMPONENT in labels


def declares_grpc(port: Object) -> bool:
    """`grpc`, `tcp-grpc`, `kubernetes.io/h2c`."""
    name, protocol = str(port.get("name") or "").lower(), str(port.get("appProtocol") or "").lower()
    if "http2" in (name, protocol) or protocol == "kubernetes.io/h2c" or "grpc" in protocol.split("-"):
        return True
    return bool({"grpc", "h2c"} & set(name.split("-")))


def _is_probed(service: Object, port: Object, inventory: Inventory) -> bool:
    target: int | str = port.get("targetPort") or port["port"]
    try:
        pods = inventory.select(PODS, service["metadata"]["namespace"], service["spec"].get("selector") or {})
    except Unreadable:
        return False
    return any(_probes(container, target) for pod in pods[:1] for container in pod["spec"]["containers"])


def _probes(container: Object, target: int | str) -> bool:
    """Whether a gRPC probe asks the port."""
    numbers = {target, *(one["containerPort"] for one in container.get("ports") or [] if one.get("name") == target)}
    probes = (container.get(f"{kind}Probe") or {} for kind in ("readiness", "liveness", "startup"))
    return any((probe.get("grpc") or {}).get("port") in numbers for probe in probes)
