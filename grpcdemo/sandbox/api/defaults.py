"""Sets the defaults of an object, as far as kubectl and the demo see them."""

from __future__ import annotations

from collections.abc import Callable

from grpcdemo.resources.labels import NAMESPACE_NAME
from grpcdemo.resources.objects import Object, is_terminating
from grpcdemo.resources.resource import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Resource,
)
from grpcdemo.sandbox.api.pod_defaults import default_pod, default_pod_spec, fill

NAMESPACE_FINALIZER = "kubernetes"
"""In a namespace's spec: keeps it until its content is gone."""


def apply_defaults(resource: Resource, obj: Object) -> None:
    """Change *obj* in place. Idempotent."""
    if default := DEFAULTS.get(resource):
        default(obj)


def _default_namespace(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {})[NAMESPACE_NAME] = obj["metadata"].get("name", "")
    if not is_terminating(obj):
        obj.setdefault("spec", {}).setdefault("finalizers", [NAMESPACE_FINALIZER])
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _default_deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), {"maxUnavailable": "25%", "maxSurge": "25%"})
    _default_template(spec)
    obj.setdefault("status", {})


def _default_replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _default_template(spec)
    labels = spec["template"]["metadata"].get("labels")
    if labels and "selector" not in spec:
        spec["selector"] = {"matchLabels": dict(labels)}
    obj.setdefault("status", {}).setdefault("replicas", 0)


def _default_template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


def _default_service(obj: Object) -> None:
    """All but the cluster IP, which the registry allocates."""
    spec = obj.setdefault("spec", {})
    fill(spec, {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"})
    fill(spec, {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
    for port in spec.get("ports", []):
        fill(port, {"protocol": "TCP", "targetPort": port.get("port", 0)})
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _default_event(obj: Object) -> None:
    fill(obj, {"source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None})
    fill(obj, {"reportingComponent": "", "reportingInstance": ""})


def _default_endpoint_slice(obj: Object) -> None:
    for endpoint in obj.setdefault("endpoints", []):
        endpoint.setdefault("conditions", {})
    for port in obj.setdefault("ports", []):
        fill(port, {"name": "", "protocol": "TCP"})


def _default_webhooks(obj: Object) -> None:
    for hook in obj.setdefault("webhooks", []):
        fill(hook, {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "reinvocationPolicy": "Never"})
        fill(hook, {"namespaceSelector": {}, "objectSelector": {}, "timeoutSeconds": 10})
        for rule in hook.get("rules", []):
            rule.setdefault("scope", "*")
        if service := hook.get("clientConfig", {}).get("service"):
            service.setdefault("port", 443)


DEFAULTS: dict[Resource, Callable[[Object], None]] = {
    NAMESPACES: _default_namespace,
    PODS: default_pod,
    SERVICES: _default_service,
    EVENTS: _default_event,
    DEPLOYMENTS: _default_deployment,
    REPLICA_SETS: _default_replica_set,
    ENDPOINT_SLICES: _default_endpoint_slice,
    MUTATING_WEBHOOKS: _default_webhooks,
}
