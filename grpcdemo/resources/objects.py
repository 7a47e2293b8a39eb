"""What is read from any object, whatever its kind."""

from __future__ import annotations

from typing import Any

from grpcdemo.resources.labels import MANAGED_BY

Object = dict[str, Any]
"""A Kubernetes object as its JSON says it. Objects stay as they came: a typed copy would lose, or choke
on, fields of a server that is older or newer than the client library."""


def is_ours(obj: Object) -> bool:
    return labels_of(obj).get(MANAGED_BY) == "grpcdemo"


def labels_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def conditions_of(obj: Object) -> dict[str, Object]:
    """The conditions in an object's status, by type."""
    return {found["type"]: found for found in obj.get("status", {}).get("conditions") or []}
