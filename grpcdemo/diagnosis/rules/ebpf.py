"""Cilium and Calico can translate a Service's address inside the pod, before a sidecar sees it."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.resources.objects import annotations_of
from grpcdemo.resources.resource import CONFIG_MAPS, FELIX_CONFIGURATIONS

CILIUM_GROUP = "cilium.io"
CILIUM_CONFIG = "cilium-config"
SYSTEM_NAMESPACE = "kube-system"
LB_L7 = "service.cilium.io/lb-l7"


def balances_requests(scene: Scene) -> bool:
    """Whether Cilium's own Envoy balances the Service's requests, without a sidecar."""
    return annotations_of(scene.service).get(LB_L7) == "enabled"


def cilium_translates_first(scene: Scene) -> Findings:
    if not scene.sidecar_matters or not scene.has_cluster_ip or CILIUM_GROUP not in scene.inventory.groups:
        return
    config = scene.inventory.find(CONFIG_MAPS, CILIUM_CONFIG, SYSTEM_NAMESPACE)
    data = (config or {}).get("data") or {}
    if config is None or data.get("bpf-lb-sock-hostns-only") == "true":
        return
    for name in ("bpf-lb-sock", "kube-proxy-replacement"):
        if data.get(name) in ("true", "strict"):
            yield Finding(
                "cilium-translates-first",
                Severity.MAY_PIN,
                "Cilium replaces the Service's address with a pod's, once per connection, before the sidecar sees it",
                (field(CONFIG_MAPS, config, f"data.{name}", data[name]),),
                Remedy(note="set Cilium's Helm value socketLB.hostNamespaceOnly=true, and restart its agents"),
            )
            return


def calico_translates_first(scene: Scene) -> Findings:
    if not scene.sidecar_matters or not scene.has_cluster_ip:
        return
    for felix in scene.inventory.read(FELIX_CONFIGURATIONS):
        spec = felix.get("spec") or {}
        balancing = spec.get("bpfConnectTimeLoadBalancing", "TCP")
        if spec.get("bpfEnabled") and balancing != "Disabled":
            yield Finding(
                "calico-translates-first",
                Severity.MAY_PIN,
                "Calico replaces the Service's address with a pod's, once per connection, before the sidecar sees it",
                (field(FELIX_CONFIGURATIONS, felix, "spec.bpfConnectTimeLoadBalancing", balancing),),
                Remedy(note="set bpfConnectTimeLoadBalancing to Disabled"),
            )
