"""Validates objects, once their fields have the right types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    HEADLESS,
    MUTATING_WEBHOOKS,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Resource,
)
from grpcdemo.resources.selectors import selects
from grpcdemo.sandbox.api.names import check_labels, check_metadata
from grpcdemo.sandbox.api.pod_validation import PORT_RULE, check_pod_spec, check_pod_update, is_port
from grpcdemo.sandbox.api.status import Cause, invalid

SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
NOT_THERE = {
    "type": ("ClusterIP", "the sandbox has ClusterIP and headless Services only"),
    "sessionAffinity": ("None", "the sandbox has no session affinity"),
    "externalIPs": ([], "the sandbox has no addresses but its own"),
}
"""Fields of a Service that a cluster supports, but that would have no effect here: the one value allowed, and why."""
ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
NEW_PODS = {"apiGroups": "", "apiVersions": "v1", "operations": "CREATE", "resources": "pods"}
NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"


def validate(resource: Resource, obj: Object, old: Object | None = None) -> None:
    """Raises StatusError (Invalid) with every cause. *old* is what *obj* is to replace."""
    causes = check_metadata(resource, obj)
    if check := CHECKS.get(resource):
        causes += check(obj)
    if old is not None and (check_update := UPDATES.get(resource)):
        causes += check_update(obj, old)
    if causes:
        raise invalid(resource.qualified_kind, obj["metadata"].get("name", ""), causes)


def check_replicas(replicas: Any) -> list[Cause]:
    return [Cause.wrong("spec.replicas", replicas, NOT_NEGATIVE)] if replicas < 0 else []


def _check_pod(obj: Object) -> list[Cause]:
    return check_pod_spec(obj["spec"], "spec")


def _check_deployment(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    return [*_check_workload(spec), *_check_strategy(spec["strategy"])]


def _check_workload(spec: Object) -> list[Cause]:
    """What Deployments and ReplicaSets share: a number of pods, a selector, and a template that it selects."""
    causes = check_replicas(spec["replicas"])
    selector, labels = spec.get("selector"), spec["template"]["metadata"].get("labels")
    if selector is None:
        causes.append(Cause.required("spec.selector"))
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.append(Cause.wrong("spec.selector", selector, "empty selector is invalid for deployment"))
    if selector is None or not selects(selector, labels or {}):
        field = "spec.template.metadata.labels"
        causes.append(Cause.wrong(field, labels, "`selector` does not match template `labels`"))
    causes += check_labels(labels or {}, "spec.template.metadata.labels")
    return causes + check_pod_spec(spec["template"]["spec"], "spec.template.spec", restart=("Always",))


def _check_strategy(strategy: Object) -> list[Cause]:
    field = "spec.strategy"
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        return [Cause.unsupported(field, strategy["type"], ("Recreate", "RollingUpdate"))]
    rolling = strategy.get("rollingUpdate", {})
    if strategy["type"] == "Recreate" and rolling:
        why = "may not be specified when strategy `type` is 'Recreate'"
        return [Cause.forbidden(f"{field}.rollingUpdate", why)]
    causes = [
        cause for name, value in rolling.items() for cause in _check_share(value, f"{field}.rollingUpdate.{name}")
    ]
    if not causes and rolling and all(str(value) in ("0", "0%") for value in rolling.values()):
        why = "may not be 0 when `maxSurge` is 0"
        causes.append(Cause.wrong(f"{field}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], why))
    return causes


def _check_share(value: Any, field: str) -> list[Cause]:
    """A number or a percentage of pods."""
    if isinstance(value, int):
        return [Cause.wrong(field, value, NOT_NEGATIVE)] if value < 0 else []
    if value.endswith("%") and value[:-1].isdigit():
        return []
    return [Cause.wrong(field, value, "a valid percent string must be a numeric string followed by an ending '%'")]


def _check_service(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    ports = spec.get("ports", [])
    if spec["type"] not in SERVICE_TYPES:
        return [Cause.unsupported("spec.type", spec["type"], SERVICE_TYPES)]
    causes = [
        Cause.forbidden(f"spec.{field}", why)
        for field, (only, why) in NOT_THERE.items()
        if spec.get(field, only) != only
    ]
    if causes:
        return causes
    if not ports and spec["clusterIP"] != HEADLESS:
        causes.append(Cause.required("spec.ports"))
    names: set[str] = set()
    for number, port in enumerate(ports):
        field, name = f"spec.ports[{number}]", port.get("name", "")
        if not name and len(ports) > 1:
            causes.append(Cause.required(f"{field}.name"))
        elif name in names:
            causes.append(Cause.duplicate(f"{field}.name", name))
        names.add(name)
        if port.get("nodePort"):
            causes.append(Cause.forbidden(f"{field}.nodePort", "may not be used when `type` is 'ClusterIP'"))
        for part in ("port", "targetPort"):
            value = port.get(part, 0)
            if not isinstance(value, str) and not is_port(value):
                causes.append(Cause.wrong(f"{field}.{part}", value, PORT_RULE))
    return causes


def _check_event(obj: Object) -> list[Cause]:
    involved = obj.get("involvedObject", {}).get("namespace", "default")
    if involved != obj["metadata"]["namespace"]:
        return [Cause.wrong("involvedObject.namespace", involved, "does not match event.namespace")]
    return []


def _check_slice(obj: Object) -> list[Cause]:
    causes = []
    if obj.get("addressType") not in ADDRESS_TYPES:
        causes.append(Cause.unsupported("addressType", obj.get("addressType", ""), ADDRESS_TYPES))
    for number, endpoint in enumerate(obj["endpoints"]):
        if not endpoint.get("addresses"):
            causes.append(Cause.required(f"endpoints[{number}].addresses", "must contain at least 1 address"))
    return causes


def _check_webhooks(obj: Object) -> list[Cause]:
    causes = []
    for number, hook in enumerate(obj["webhooks"]):
        for name in ("name", "clientConfig", "sideEffects", "admissionReviewVersions"):
            if not hook.get(name):
                causes.append(Cause.required(f"webhooks[{number}].{name}"))
        for place, rule in enumerate(hook.get("rules") or []):
            causes += _check_rule(rule, f"webhooks[{number}].rules[{place}]")
    return causes


def _check_rule(rule: Object, field: str) -> list[Cause]:
    """A cluster supports other rules, but here they would have no effect."""
    return [
        Cause.forbidden(f"{field}.{name}", f'the sandbox calls webhooks for new pods only, so this must be ["{only}"]')
        for name, only in NEW_PODS.items()
        if rule.get(name) != [only]
    ]


def _check_selector_update(new: Object, old: Object) -> list[Cause]:
    selector = new["spec"].get("selector")
    return [] if selector == old["spec"]["selector"] else [Cause.wrong("spec.selector", selector, IMMUTABLE)]


def _check_service_update(new: Object, old: Object) -> list[Cause]:
    before, after = old["spec"]["clusterIP"], new["spec"]["clusterIP"]
    if before == after:
        return []
    return [Cause.wrong("spec.clusterIPs[0]", [after], "may not change once set")]


def _check_slice_update(new: Object, old: Object) -> list[Cause]:
    kind = new.get("addressType")
    return [] if kind == old["addressType"] else [Cause.wrong("addressType", kind, IMMUTABLE)]


CHECKS: dict[Resource, Callable[[Object], list[Cause]]] = {
    PODS: _check_pod,
    DEPLOYMENTS: _check_deployment,
    REPLICA_SETS: lambda obj: _check_workload(obj["spec"]),
    SERVICES: _check_service,
    EVENTS: _check_event,
    ENDPOINT_SLICES: _check_slice,
    MUTATING_WEBHOOKS: _check_webhooks,
}
UPDATES: dict[Resource, Callable[[Object, Object], list[Cause]]] = {
    PODS: check_pod_update,
    DEPLOYMENTS: _check_selector_update,
    REPLICA_SETS: _check_selector_update,
    SERVICES: _check_service_update,
    ENDPOINT_SLICES: _check_slice_update,
}
