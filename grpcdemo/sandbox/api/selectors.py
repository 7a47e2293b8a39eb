"""Parses the label selectors and field selectors of a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import EVENTS, NAMESPACES, NODES, PODS, REPLICA_SETS, SERVICES, Resource
from grpcdemo.resources.selectors import Labels
from grpcdemo.sandbox.api.status import StatusError

Match = Callable[[Object], bool]
Requirement = Callable[[Labels], bool]

KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
VALUE = r"[-A-Za-z0-9_.]*"
IN = re.compile(rf"({KEY})\s+(in|notin)\s*\(([^()]*)\)")
COMPARED = re.compile(rf"({KEY})\s*(==|=|!=|>|<)\s*({VALUE})")
PRESENT = re.compile(rf"(!?)\s*({KEY})")
COMMA = re.compile(r",(?![^()]*\))")

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
    requirements, by_field = parse_label_selector(labels), _parse_field_selector(resource, fields)

    def match(obj: Object) -> bool:
        labels = labels_of(obj)
        return all(holds(labels) for holds in requirements) and all(holds(obj) for holds in by_field)

    return match


def parse_label_selector(text: str) -> list[Requirement]:
    parts = [part.strip() for part in COMMA.split(text)] if text.strip() else []
    return [_requirement(part) for part in parts]


def _requirement(text: str) -> Requirement:
    if match := IN.fullmatch(text):
        key, operator, listed = match.groups()
        values = {value.strip() for value in listed.split(",")}
        return _is_in(key, values) if operator == "in" else _is_not_in(key, values)
    if match := COMPARED.fullmatch(text):
        key, operator, value = match.groups()
        if operator in "<>":
            return _is_beyond(key, operator, value)
        return _is_not_in(key, {value}) if operator == "!=" else _is_in(key, {value})
    if match := PRESENT.fullmatch(text):
        key, absent = match[2], bool(match[1])
        return lambda labels: (key in labels) != absent
    raise StatusError("BadRequest", f"unable to parse requirement: found '{text}', expected: identifier")


def _is_in(key: str, values: set[str]) -> Requirement:
    return lambda labels: key in labels and labels[key] in values


def _is_not_in(key: str, values: set[str]) -> Requirement:
    """A missing label has none of the values."""
    return lambda labels: labels.get(key) not in values


def _is_beyond(key: str, operator: str, value: str) -> Requirement:
    if not value.isdigit():
        raise StatusError("BadRequest", f"for '{operator}' operator, the value must be an integer: {value}")

    def holds(labels: Labels) -> bool:
        label = labels.get(key, "")
        return label.isdigit() and (int(label) > int(value) if operator == ">" else int(label) < int(value))

    return holds


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
