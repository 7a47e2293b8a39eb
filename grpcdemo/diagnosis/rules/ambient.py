"""Istio's ambient mode: ztunnel balances connections, a waypoint balances requests."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Evidence, Finding, Findings, Remedy, Severity, field, run
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object, has_condition, labels_of
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import GATEWAYS, NAMESPACES, PODS, SERVICES

USE_WAYPOINT, WAYPOINT_NAMESPACE = "istio.io/use-waypoint", "istio.io/use-waypoint-namespace"
WAYPOINT_FOR = "istio.io/waypoint-for"
WAYPOINT_CLASS = "istio-waypoint"
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""Of the pods of a Gateway."""


def ambient_without_waypoint(scene: Scene) -> Findings:
    if not _is_ambient(scene) or _waypoint(scene):
        return
    yield Finding(
        "ambient-without-waypoint",
        Severity.PINS,
        "ambient mode without a waypoint: ztunnel balances connections, and a gRPC client keeps one",
        _evidence(scene),
        _use_waypoint(scene),
    )


def waypoint_does_not_apply(scene: Scene) -> Findings:
    if not _is_ambient(scene) or not (named := _waypoint(scene)):
        return
    namespace, name = named
    gateway = scene.inventory.find(GATEWAYS, name, namespace)
    if gateway is None:
        problem, evidence = f"the waypoint {namespace}/{name} does not exist", _evidence(scene)
    elif not has_condition(gateway, "Programmed"):
        problem, evidence = "the waypoint is not programmed", (field(GATEWAYS, gateway, "status.conditions", None),)
    elif (kind := labels_of(gateway).get(WAYPOINT_FOR, "service")) not in ("service", "all"):
        problem = f"the waypoint is for {kind}, not for Services"
        evidence = (field(GATEWAYS, gateway, f"metadata.labels.{WAYPOINT_FOR}", kind),)
    else:
        return
    yield Finding(
        "waypoint-does-not-apply",
        Severity.PINS,
        f"{problem}: ztunnel balances connections, and a gRPC client keeps one",
        evidence,
        Remedy(note=f"see `istioctl waypoint status --namespace {namespace}`"),
    )


def several_waypoint_pods(scene: Scene) -> Findings:
    if not _is_ambient(scene) or not (named := _waypoint(scene)):
        return
    namespace, name = named
    pods = [pod for pod in scene.inventory.read(PODS, namespace) if labels_of(pod).get(GATEWAY_NAME) == name]
    ready = [pod for pod in pods if is_ready(pod)]
    if len(ready) > 1:
        yield Finding(
            "several-waypoint-pods",
            Severity.OBSCURES,
            f"a client stays on one of the waypoint's {len(ready)} pods: the servers are balanced, the waypoint is not",
            (field(PODS, ready[0], f"metadata.labels.{GATEWAY_NAME}", name),),
        )


def _is_ambient(scene: Scene) -> bool:
    if scene.is_external_name:
        return False
    if scene.callers:
        return bool(scene.callers_with(Proxy.AMBIENT))
    return scene.is_ambient


def _waypoint(scene: Scene) -> tuple[str, str] | None:
    """Namespace and name. The Service's own label wins over its namespace's."""
    labels = {**scene.namespace_labels(scene.namespace), **labels_of(scene.service)}
    name = labels.get(USE_WAYPOINT, "none")
    return None if name == "none" else (labels.get(WAYPOINT_NAMESPACE, scene.namespace), name)


def _evidence(scene: Scene) -> tuple[Evidence, ...]:
    namespace: Object | None = scene.namespace_object(scene.namespace)
    objects = [(SERVICES, scene.service), *([(NAMESPACES, namespace)] if namespace else [])]
    return tuple(
        field(resource, obj, f"metadata.labels.{USE_WAYPOINT}", labels_of(obj).get(USE_WAYPOINT))
        for resource, obj in objects
    )


def _use_waypoint(scene: Scene) -> Remedy:
    gateways = scene.inventory.read(GATEWAYS, scene.namespace)
    names = [gateway["metadata"]["name"] for gateway in gateways if _serves(gateway)]
    label = Kubectl(
        "label",
        "service",
        scene.name,
        f"{USE_WAYPOINT}={names[0] if names else 'waypoint'}",
        "--overwrite",
        namespace=scene.namespace,
    )
    return run(
        label, note="" if names else f"first create one: `istioctl waypoint apply --namespace {scene.namespace}`"
    )


def _serves(gateway: Object) -> bool:
    kind = labels_of(gateway).get(WAYPOINT_FOR, "service")
    return gateway["spec"].get("gatewayClassName") == WAYPOINT_CLASS and kind in ("service", "all")
