"""What kube-proxy, or whatever stands in for it, does with a connection to the Service."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Severity, field, merge_patch, run
from grpcdemo.diagnosis.locality import judge_preference
from grpcdemo.diagnosis.mesh.sidecars import reconnected
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.rules.ebpf import balances_requests
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.resource import MUTATING_WEBHOOKS, SERVICES


def kube_proxy_balances_connections(scene: Scene) -> Findings:
    """There is no mesh at all. Where there is one, the rules about the client's proxy say what is missing."""
    if not scene.has_cluster_ip or scene.has_mesh or balances_requests(scene):
        return
    if scene.callers and not scene.callers_with(Proxy.NONE):
        return
    scene.inventory.require(MUTATING_WEBHOOKS)
    headless = f"{scene.name}-headless"
    ports = "/".join(map(str, sorted(scene.target_ports))) or scene.port_number
    yield Finding(
        "kube-proxy-balances-connections",
        Severity.PINS,
        "this cluster has no mesh: kube-proxy balances connections, and a gRPC client keeps one",
        (field(SERVICES, scene.service, "spec.clusterIP", scene.spec.get("clusterIP")),),
        run(
            Kubectl(
                "expose", "service", scene.name, f"--name={headless}", "--cluster-ip=None", namespace=scene.namespace
            ),
            note=f"then let the client call dns:///{headless}.{scene.namespace}:{ports} with the policy round_robin, "
            f"and diagnose svc/{headless}; or install a mesh",
        ),
    )


def session_affinity(scene: Scene) -> Findings:
    """Istio does not read the field."""
    if scene.spec.get("sessionAffinity") != "ClientIP" or not scene.has_cluster_ip:
        return
    if scene.callers and not scene.callers_with(Proxy.NONE):
        return
    yield Finding(
        "session-affinity",
        Severity.PINS if scene.kube_proxy_matters else Severity.MAY_PIN,
        "kube-proxy sends every connection of one client to the same pod" + _unless_meshed(scene),
        (field(SERVICES, scene.service, "spec.sessionAffinity", "ClientIP"),),
        reconnected(scene, merge_patch(scene.reference, {"spec": {"sessionAffinity": "None"}})),
    )


def _unless_meshed(scene: Scene) -> str:
    return "" if scene.kube_proxy_matters else ", if that client has no sidecar"


def internal_traffic_policy(scene: Scene) -> Findings:
    """Istio obeys it too."""
    if scene.spec.get("internalTrafficPolicy") != "Local":
        return
    if locality := judge_preference(scene, "node", strict=True):
        yield Finding(
            "internal-traffic-policy",
            locality.severity,
            f"internalTrafficPolicy is Local: {locality.effect}",
            (field(SERVICES, scene.service, "spec.internalTrafficPolicy", "Local"),),
            reconnected(scene, merge_patch(scene.reference, {"spec": {"internalTrafficPolicy": "Cluster"}})),
        )
