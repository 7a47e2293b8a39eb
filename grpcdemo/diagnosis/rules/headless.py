"""A Service without a cluster IP: the client gets the pods' addresses, and chooses."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field, json_patch
from grpcdemo.diagnosis.mesh.istiod import has_setting
from grpcdemo.diagnosis.mesh.sidecars import restarted
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.resource import HEADLESS, SERVICES

LETS_SIDECARS_BALANCE = "PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES"


def headless_behind_sidecar(scene: Scene) -> Findings:
    if not scene.is_headless or not scene.sidecar_matters or scene.callers_with(Proxy.NONE):
        return
    if has_setting(scene, LETS_SIDECARS_BALANCE):
        return
    yield Finding(
        "headless-behind-sidecar",
        Severity.MAY_PIN,
        "the Service is headless: a sidecar lets the client choose the pod, and pick_first keeps one",
        (field(SERVICES, scene.service, "spec.clusterIP", HEADLESS),),
        _give_cluster_ip(scene),
    )


def _give_cluster_ip(scene: Scene) -> Remedy:
    """A cluster IP cannot be given to a Service that has none: it has to be made anew."""
    removed = [{"op": "remove", "path": f"/spec/{name}"} for name in ("clusterIP", "clusterIPs")]
    patch = json_patch(scene.reference, *removed)
    draft = Kubectl(*patch.words, "--dry-run=client", "--output=json")
    replace = Kubectl("replace", "--force", "--filename=-")
    note = "or let the client use the policy round_robin; a StatefulSet that names this Service needs it headless"
    return Remedy(((draft, replace), *(restarted(scene.client).steps if scene.client else ())), note)


def headless_needs_round_robin(scene: Scene) -> Findings:
    if not scene.is_headless:
        return
    if not scene.callers_with(Proxy.NONE, Proxy.LINKERD) and (scene.callers or scene.sidecar_matters):
        return
    yield Finding(
        "headless-needs-round-robin",
        Severity.MAY_PIN,
        "the Service is headless: a client with gRPC's default policy, pick_first, stays on one pod",
        (field(SERVICES, scene.service, "spec.clusterIP", HEADLESS),),
        Remedy(
            note="let the client use dns:/// and the policy round_robin; new pods are found only when connections "
            "end: limit their age on the server"
        ),
    )
