"""The client's sidecar does not know the Service: it passes the connection through, or blocks it."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Severity, field, json_patch
from grpcdemo.diagnosis.mesh.hosts import exports, matches
from grpcdemo.diagnosis.mesh.sidecars import reconnected
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object, annotations_of, labels_of
from grpcdemo.resources.references import reference_to
from grpcdemo.resources.resource import CONFIG_MAPS, SERVICES, SIDECARS

EXPORT_TO = "networking.istio.io/exportTo"
REGISTRY_ONLY = "REGISTRY_ONLY"
MESH_CONFIG = "istio"
"""The ConfigMap of the default revision."""


def hidden_by_sidecar_resource(scene: Scene) -> Findings:
    if not scene.callers_with(Proxy.SIDECAR) or not scene.has_cluster_ip:
        return
    sidecar = _sidecar(scene)
    listeners = (sidecar or {"spec": {}})["spec"].get("egress") or []
    if sidecar is None or not listeners or any(_shows(scene, listener) for listener in listeners):
        return
    mode = (sidecar["spec"].get("outboundTrafficPolicy") or {}).get("mode")
    at = next((index for index, listener in enumerate(listeners) if not listener.get("port")), 0)
    added = {"op": "add", "path": f"/spec/egress/{at}/hosts/-", "value": f"{scene.namespace}/{scene.host}"}
    yield Finding(
        "hidden-by-sidecar-resource",
        *_effect(scene, mode, "a Sidecar resource hides the Service from the client"),
        (field(SIDECARS, sidecar, f"spec.egress[{at}].hosts", listeners[at].get("hosts")),),
        reconnected(scene, json_patch(reference_to(SIDECARS, sidecar), added)),
    )


def _sidecar(scene: Scene) -> Object | None:
    """The client's: one that selects it, the one for its namespace, or the one for the mesh. Raises Unreadable."""
    own = scene.inventory.read(SIDECARS, scene.caller_namespace)
    for sidecar in own:
        labels = (sidecar["spec"].get("workloadSelector") or {}).get("labels") or {}
        if labels and any(labels.items() <= labels_of(pod).items() for pod in scene.callers):
            return sidecar
    for sidecar in (*own, *scene.inventory.read(SIDECARS, ROOT_NAMESPACE)):
        if not sidecar["spec"].get("workloadSelector"):
            return sidecar
    return None


def _shows(scene: Scene, listener: Object) -> bool:
    """Whether the listener lets the client see the Service on its port."""
    number = (listener.get("port") or {}).get("number", scene.port_number)
    return bool(number == scene.port_number) and any(_names(scene, host) for host in listener.get("hosts") or [])


def _names(scene: Scene, host: str) -> bool:
    namespace, _, name = host.partition("/")
    wanted = scene.caller_namespace if namespace == "." else namespace
    return wanted in ("*", scene.namespace) and matches(name, scene.host)


def hidden_by_export(scene: Scene) -> Findings:
    value = annotations_of(scene.service).get(EXPORT_TO)
    if value is None or not scene.callers_with(Proxy.SIDECAR) or not scene.has_cluster_ip:
        return
    if exports([word.strip() for word in value.split(",")], scene.namespace, scene.caller_namespace):
        return
    yield Finding(
        "hidden-by-export",
        *_effect(scene, None, "the Service is not exported to the client's namespace"),
        (field(SERVICES, scene.service, f"metadata.annotations.{EXPORT_TO}", value),),
        reconnected(scene, Kubectl("annotate", "service", scene.name, f"{EXPORT_TO}-", namespace=scene.namespace)),
    )


def _effect(scene: Scene, mode: str | None, what: str) -> tuple[Severity, str]:
    """What a sidecar does with a host that it does not know, if no *mode* is set for it. Raises Unreadable."""
    if mode is None:
        mesh = scene.inventory.find(CONFIG_MAPS, MESH_CONFIG, ROOT_NAMESPACE)
        mode = REGISTRY_ONLY if REGISTRY_ONLY in ((mesh or {}).get("data") or {}).get("mesh", "") else "ALLOW_ANY"
    if mode == REGISTRY_ONLY:
        return Severity.ERRORS, f"{what}, and its sidecar blocks unknown hosts: calls fail"
    return Severity.PINS, f"{what}: its sidecar passes connections through to kube-proxy"
