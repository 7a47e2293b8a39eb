"""Sets the defaults of a pod, and of a pod template."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from grpcdemo.resources.objects import Object

CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
TEMPLATE = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
POD = {
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
    "serviceAccountName": "default",
}
"""The defaults of a pod that a template does not have."""
CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
PROBE_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
FILE_MODE = 0o644


def default_pod(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    fill(spec, POD)
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    tolerations = spec.setdefault("tolerations", [])
    for key in TOLERATED:
        if not any(toleration.get("key") in (None, key) for toleration in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    pod.setdefault("status", {}).setdefault("phase", "Pending")
    pod["status"]["qosClass"] = qos_class(spec)


def default_pod_spec(spec: Object) -> None:
    fill(spec, TEMPLATE)
    spec.setdefault("securityContext", {})
    for container in [each for part in CONTAINERS for each in spec.get(part) or []]:
        _default_container(container)
    for volume in spec.get("volumes", []):
        for source in ("configMap", "secret", "projected", "downwardAPI"):
            if source in volume:
                volume[source].setdefault("defaultMode", FILE_MODE)


def _default_container(container: Object) -> None:
    fill(container, {**CONTAINER, "imagePullPolicy": _pull_policy(container.get("image", "")), "resources": {}})
    resources = container["resources"]
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **resources.get("requests", {})}
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", []):
        if "fieldRef" in variable.get("valueFrom", {}):
            variable["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    for name in PROBES:
        if name in container:
            _default_probe(container[name])


def _default_probe(probe: Object) -> None:
    fill(probe, PROBE_DEFAULTS)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")
    if "httpGet" in probe:
        fill(probe["httpGet"], {"path": "/", "scheme": "HTTP"})


def _pull_policy(image: str) -> str:
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "Always" if tag == "latest" or (not colon and "@" not in image) else "IfNotPresent"


def qos_class(spec: Object) -> str:
    """How early a node short of memory evicts the pod; `kubectl describe` shows it."""
    containers = [*spec.get("initContainers", []), *spec.get("containers", [])]
    compute = [(container.get("resources", {}), name) for container in containers for name in ("cpu", "memory")]
    limits, requests = ([_quantity(*each, part) for each in compute] for part in ("limits", "requests"))
    if all(limits) and limits == requests:
        return "Guaranteed"
    return "Burstable" if any(limits) or any(requests) else "BestEffort"


def _quantity(resources: Object, name: str, part: str) -> Decimal:
    """0 if it is not set, or no quantity, which validation reports."""
    try:
        return Decimal(parse_quantity(resources.get(part, {}).get(name, 0)))
    except ValueError:
        return Decimal(0)


def fill(obj: Object, values: dict[str, Any]) -> None:
    """Set the fields that *obj* does not have."""
    for name, value in values.items():
        obj.setdefault(name, value)
