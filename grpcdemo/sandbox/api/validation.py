"""Validates objects, once their fields have the right types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    causes = list(check_metadata(resource, obj))
    if check := CHECKS.get(resource):
        causes += check(obj)
    if old is not None and (check_update := UPDATES.get(resource)):
        causes += check_update(obj, old)
    if causes:
        raise invalid(resource.qualified_kind, obj["metadata"].get("name", ""), causes)


def check_replicas(replicas: Any) -> Iterator[Cause]:
    if replicas < 0:
        yield Cause.wrong("spec.replicas", replicas, NOT_NEGATIVE)


def _check_deployment(obj: Object) -> Iterator[Cause]:
    yield from _check_workload(obj)
    yield from _check_strategy(obj["spec"]["strategy"])


def _check_workload(obj: Object) -> Iterator[Cause]:
    """What Deployments and ReplicaSets share: replicas, a selector, and a template that it selects."""
    spec = obj["spec"]
    yield from check_replicas(spec["replicas"])
    selector, labels = spec.get("selector"), spec["template"]["metadata"].get("labels")
    if selector is None:
        yield Cause.required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield Cause.wrong("spec.selector", selector, "empty selector is invalid for deployment")
    if selector is None or not selects(selector, labels or {}):
        field = "spec.template.metadata.labels"
        yield Cause.wrong(field, labels, "`selector` does not match template `labels`")
    yield from check_labels(labels or {}, "spec.template.metadata.labels")
    yield from check_pod_spec(spec["template"]["spec"], "spec.template.spec", restart=("Always",))


def _check_strategy(strategy: Object) -> Iterator[Cause]:
    field, rolling = "spec.strategy", strategy.get("rollingUpdate", {})
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        yield Cause.unsupported(field, strategy["type"], ("Recreate", "RollingUpdate"))
    elif strategy["type"] == "Recreate" and rolling:
        yield Cause.forbidden(f"{field}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif rolling and all(str(value) in ("0", "0%") for value in rolling.values()):
        why = "may not be 0 when `maxSurge` is 0"
        yield Cause.wrong(f"{field}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], why)
    else:
        for name, value in rolling.items():
            yield from _check_share(value, f"{field}.rollingUpdate.{name}")


def _check_share(value: Any, field: str) -> Iterator[Cause]:
    """A number or a percentage of pods."""
    if isinstance(value, int):
        if value < 0:
            yield Cause.wrong(field, value, NOT_NEGATIVE)
    elif not (value.endswith("%") and value[:-1].isdigit()):
        yield Cause.wrong(field, value, "a valid percent string must be a numeric string followed by an ending '%'")


def _check_service(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    unsupported = [(name, why) for name, (only, why) in NOT_THERE.items() if spec.get(name, only) != only]
    if spec["type"] not in SERVICE_TYPES:
        yield Cause.unsupported("spec.type", spec["type"], SERVICE_TYPES)
    elif unsupported:
        yield from (Cause.forbidden(f"spec.{name}", why) for name, why in unsupported)
    elif spec.get("ports"):
        yield from _check_service_ports(spec["ports"])
    elif spec["clusterIP"] != HEADLESS:
        yield Cause.required("spec.ports")


def _check_service_ports(ports: list[Object]) -> Iterator[Cause]:
    names: set[str] = set()
    for number, port in enumerate(ports):
        field, name = f"spec.ports[{number}]", port.get("name", "")
        if not name and len(ports) > 1:
            yield Cause.required(f"{field}.name")
        elif name in names:
            yield Cause.duplicate(f"{field}.name", name)
        names.add(name)
        if port.get("nodePort"):
            yield Cause.forbidden(f"{field}.nodePort", "may not be used when `type` is 'ClusterIP'")
        for part in ("port", "targetPort"):
            value = port.get(part, 0)
            if not isinstance(value, str) and not is_port(value):
                yield Cause.wrong(f"{field}.{part}", value, PORT_RULE)


def _check_event(obj: Object) -> Iterator[Cause]:
    involved = obj.get("involvedObject", {}).get("namespace", "default")
    if involved != obj["metadata"]["namespace"]:
        yield Cause.wrong("involvedObject.namespace", involved, "does not match event.namespace")


def _check_slice(obj: Object) -> Iterator[Cause]:
    if obj.get("addressType") not in ADDRESS_TYPES:
        yield Cause.unsupported("addressType", obj.get("addressType", ""), ADDRESS_TYPES)
    for number, endpoint in enumerate(obj["endpoints"]):
        if not endpoint.get("addresses"):
            yield Cause.required(f"endpoints[{number}].addresses", "must contain at least 1 address")


def _check_webhooks(obj: Object) -> Iterator[Cause]:
    for number, hook in enumerate(obj["webhooks"]):
        for name in ("name", "clientConfig", "sideEffects", "admissionReviewVersions"):
            if not hook.get(name):
                yield Cause.required(f"webhooks[{number}].{name}")
        for place, rule in enumerate(hook.get("rules") or []):
            yield from _check_rule(rule, f"webhooks[{number}].rules[{place}]")


def _check_rule(rule: Object, field: str) -> Iterator[Cause]:
    """A cluster supports other rules, but here they would have no effect."""
    for name, only in NEW_PODS.items():
        if rule.get(name) != [only]:
            why = f'the sandbox calls webhooks for new pods only, so this must be ["{only}"]'
            yield Cause.forbidden(f"{field}.{name}", why)


def _check_selector_update(new: Object, old: Object) -> Iterator[Cause]:
    selector = new["spec"].get("selector")
    if selector != old["spec"]["selector"]:
        yield Cause.wrong("spec.selector", selector, IMMUTABLE)


def _check_service_update(new: Object, old: Object) -> Iterator[Cause]:
    before, after = old["spec"]["clusterIP"], new["spec"]["clusterIP"]
    if before != after:
        yield Cause.wrong("spec.clusterIPs[0]", [after], "may not change once set")


def _check_slice_update(new: Object, old: Object) -> Iterator[Cause]:
    kind = new.get("addressType")
    if kind != old["addressType"]:
        yield Cause.wrong("addressType", kind, IMMUTABLE)


CHECKS: dict[Resource, Callable[[Object], Iterable[Cause]]] = {
    PODS: lambda obj: check_pod_spec(obj["spec"], "spec"),
    DEPLOYMENTS: _check_deployment,
    REPLICA_SETS: _check_workload,
    SERVICES: _check_service,
    EVENTS: _check_event,
    ENDPOINT_SLICES: _check_slice,
    MUTATING_WEBHOOKS: _check_webhooks,
}
UPDATES: dict[Resource, Callable[[Object, Object], Iterable[Cause]]] = {
    PODS: check_pod_update,
    DEPLOYMENTS: _check_selector_update,
    REPLICA_SETS: _check_selector_update,
    SERVICES: _check_service_update,
    ENDPOINT_SLICES: _check_slice_update,
}
