"""Parses the label selectors and field selectors of a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import EVENTS, NAMESPACES, NODES, PODS, REPLICA_SETS, SERVICES, Resource
from grpcdemo.resources.selectors import parse_selector, selects
from grpcdemo.sandbox.api.status import StatusError

Match = Callable[[Object], bool]

COMMON_FIELDS = ("metadata.name", "metadata.namespace")
FIELDS: dict[Resource, tuple[str, ...]] = {
    NAMESPACES: ("status.phase",),
    PODS: (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    SERVICES: ("spec.clusterIP", "spec.type"),
    REPLICA_SETS: ("status.replicas",),
    NODES: ("spec.unschedulable",),
    EVENTS: (
        *(
            f"involvedObject.{name}"
            for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        ),
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
}
"""The fields by which a cluster can select each kind, in addition to COMMON_FIELDS."""


def parse_selectors(resource: Resource, labels: str, fields: str) -> Match:
    """Raises StatusError (BadRequest)."""
    try:
        by_label = parse_selector(labels)
    except ValueError as error:
        raise StatusError("BadRequest", str(error)) from error
    by_field = _parse_field_selector(resource, fields)
    return lambda obj: selects(by_label, labels_of(obj)) and all(holds(obj) for holds in by_field)


def _parse_field_selector(resource: Resource, text: str) -> list[Match]:
    return [_field(resource, part) for part in text.split(",") if part]


def _field(resource: Resource, text: str) -> Match:
    match = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", text)
    if match is None:
        raise StatusError("BadRequest", f"invalid selector: '{text}'; can't understand '{text}'")
    path, operator, value = match.groups()
    if path not in COMMON_FIELDS and path not in FIELDS.get(resource, ()) and (resource, path) != (NAMESPACES, "name"):
        known = '"metadata.name", "metadata.namespace"'
        unknown = f'"{path}" is not a known field selector: only {known}'
        raise StatusError("BadRequest", unknown if resource.group else f"field label not supported: {path}")
    return lambda obj: (_text_at(obj, path) == value) == (operator != "!=")


def _text_at(obj: Object, path: str) -> str:
    if path == "source":
        path = "source.component"
    value: Any = obj["metadata"] if path == "name" else obj
    for name in path.split("."):
        value = (value or {}).get(name)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
