"""What changes a sidecar's own configuration, or hides its metrics."""

from __future__ import annotations

import json

from grpcdemo.diagnosis.finding import Finding, Findings, Severity, field, run
from grpcdemo.diagnosis.mesh.hosts import selects_callers
from grpcdemo.diagnosis.mesh.istiod import has_setting
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import labels_of
from grpcdemo.resources.resource import ENVOY_FILTERS, SERVICES, TELEMETRIES

PERSISTENT_SESSION = ("istio.io/persistent-session", "istio.io/persistent-session-header")
PERSISTENT_SESSION_FILTER = "PILOT_ENABLE_PERSISTENT_SESSION_FILTER"
BALANCING_WORDS = ("lb_policy", "lbPolicy", "load_balancing_policy", "original_dst", "tcp_proxy", "lb_subset")


def persistent_session(scene: Scene) -> Findings:
    labels = labels_of(scene.service)
    for name in PERSISTENT_SESSION:
        if name in labels and scene.sidecar_matters and has_setting(scene, PERSISTENT_SESSION_FILTER):
            yield Finding(
                "persistent-session",
                Severity.PINS,
                "the Service asks for persistent sessions: the calls of one stay on one pod",
                (field(SERVICES, scene.service, f"metadata.labels.{name}", labels[name]),),
                run(Kubectl("label", "service", scene.name, f"{name}-", namespace=scene.namespace)),
            )


def envoy_filter(scene: Scene) -> Findings:
    """Any of them can change how the sidecar balances: what it does cannot be judged from here."""
    if not scene.sidecar_matters:
        return
    for obj in scene.inventory.read(ENVOY_FILTERS, scene.caller_namespace, ROOT_NAMESPACE):
        if not selects_callers(scene, obj["spec"].get("workloadSelector")):
            continue
        patches = json.dumps(obj["spec"].get("configPatches") or [])
        balancing = any(word in patches for word in BALANCING_WORDS)
        yield Finding(
            "envoy-filter",
            Severity.UNKNOWN if balancing else Severity.OBSCURES,
            "an EnvoyFilter changes how the client's sidecar balances: its effect is unknown"
            if balancing
            else "an EnvoyFilter changes the client's sidecar, but apparently not how it balances",
            (field(ENVOY_FILTERS, obj, "spec.configPatches[].applyTo", _targets(obj)),),
        )


def _targets(envoy_filter: dict[str, object]) -> str:
    spec = envoy_filter["spec"]
    patches = spec.get("configPatches") or [] if isinstance(spec, dict) else []
    return ", ".join(sorted({str(patch.get("applyTo")) for patch in patches}))


def metrics_switched_off(scene: Scene) -> Findings:
    if not scene.callers_with(Proxy.SIDECAR):
        return
    for obj in scene.inventory.read(TELEMETRIES, scene.namespace, scene.caller_namespace, ROOT_NAMESPACE):
        overrides = [one for part in obj["spec"].get("metrics") or [] for one in part.get("overrides") or []]
        if any(one.get("disabled") for one in overrides):
            yield Finding(
                "metrics-switched-off",
                Severity.OBSCURES,
                "a Telemetry object switches off metrics that would show how calls are spread",
                (field(TELEMETRIES, obj, "spec.metrics[].overrides[].disabled", value=True),),
            )
