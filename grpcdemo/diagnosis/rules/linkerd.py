"""Linkerd's proxy balances requests unless the port is marked as opaque, or skipped."""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field, run
from grpcdemo.diagnosis.mesh.sidecars import patched
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.resource import NAMESPACES, PODS, SERVICES, Resource

OPAQUE, SKIP = "config.linkerd.io/opaque-ports", "config.linkerd.io/skip-outbound-ports"


def goes_past_linkerd(scene: Scene) -> bool:
    """Whether the client's proxy sees none of its calls. Raises Unreadable."""
    return any(True for _ in linkerd_port_skipped(scene))


def linkerd_port_opaque(scene: Scene) -> Findings:
    if not _matters(scene):
        return
    servers: list[tuple[Resource, Object]] = [(PODS, pod) for pod in scene.servers[:1]]
    for resource, obj in [(SERVICES, scene.service), *servers, *_namespace(scene, scene.namespace)]:
        value = annotations_of(obj).get(OPAQUE)
        if value is None:
            continue
        if any(names_port(value, port) for port in (scene.port_number, *scene.target_ports)):
            yield Finding(
                "linkerd-port-opaque",
                Severity.PINS,
                "the port is opaque to Linkerd, which balances its connections",
                (field(resource, obj, f"metadata.annotations.{OPAQUE}", value),),
                _unset(scene, resource),
            )
        return  # what stands nearer wins


def _unset(scene: Scene, resource: Resource) -> Remedy:
    """An annotation of a Service wins over one of its namespace; one of a pod comes from a template."""
    if resource is PODS:
        return Remedy(note=f"remove {OPAQUE} from the servers' pod template")
    words = ("annotate", "service", scene.name, f"{OPAQUE}=", "--overwrite")
    return run(Kubectl(*words, namespace=scene.namespace))


def linkerd_port_skipped(scene: Scene) -> Findings:
    if scene.client is None or not scene.callers_with(Proxy.LINKERD):
        return
    pods: list[tuple[Resource, Object]] = [(PODS, pod) for pod in scene.callers_with(Proxy.LINKERD)[:1]]
    for resource, obj in [*pods, *_namespace(scene, scene.client.namespace)]:
        value = annotations_of(obj).get(SKIP)
        if value and any(names_port(value, port) for port in scene.dialed_ports):
            yield Finding(
                "linkerd-port-skipped",
                Severity.PINS,
                f"the calls of {scene.client.reference.singular} bypass Linkerd's proxy and go to kube-proxy",
                (field(resource, obj, f"metadata.annotations.{SKIP}", value),),
                patched(scene.client, {"metadata": {"annotations": {SKIP: None}}}),
            )
            return


def _namespace(scene: Scene, name: str) -> Iterator[tuple[Resource, Object]]:
    """Raises Unreadable: its annotations hold for what is in it."""
    if namespace := scene.inventory.find(NAMESPACES, name):
        yield NAMESPACES, namespace


def _matters(scene: Scene) -> bool:
    if scene.is_external_name:
        return False
    return bool(scene.callers_with(Proxy.LINKERD)) if scene.callers else scene.has_linkerd


def names_port(ranges: str, port: int) -> bool:
    """`25,3306,50000-50100` as Linkerd writes ports."""
    for word in ranges.split(","):
        low, _, high = word.strip().partition("-")
        if low.isdigit() and int(low) <= port <= int(high if high.isdigit() else low):
            return True
    return False
