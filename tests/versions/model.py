"""Checks requests against the API of an old Kubernetes, field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.fakes.script import Asked
from tests.versions.snapshot import FOLDER

SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "datetime": (str,),
    "object": (str, int, dict),
}
UNDOCUMENTED = {"sinceTime"}
"""Every version takes it, as `kubectl logs --since-time` shows, but none describes it."""


@cache
def snapshot(minor: int) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((FOLDER / f"kubernetes-1.{minor}.json").read_text(encoding="utf-8"))
    return answer


def request_faults(minor: int, asked: Asked) -> Iterator[str]:
    """What Kubernetes 1.*minor* does not know of the request: its path, parts of its query, fields of its body."""
    operation = _operation(minor, asked.method, asked.path)
    if operation is None:
        yield f"{asked.method} {asked.path}"
        return
    for name in asked.query.keys() - set(operation["query"]) - UNDOCUMENTED:
        yield f"{asked.method} {asked.path}?{name}"
    if asked.body:
        yield from value_faults(minor, operation["body"], asked.body, partial=asked.method == "PATCH")


def _operation(minor: int, method: str, path: str) -> dict[str, Any] | None:
    for key, operation in snapshot(minor)["operations"].items():
        known, template = key.split(" ")
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template.rstrip("/")))
        if known == method and re.fullmatch(pattern, path):
            found: dict[str, Any] = operation
            return found
    return None


def value_faults(minor: int, kind: str, value: Any, path: str = "", *, partial: bool = False) -> Iterator[str]:
    """Where *value* is not of the type *kind*; a *partial* one is a merge patch: null removes, nothing is required."""
    where = path or kind
    if partial and value is None:
        return
    if model := snapshot(minor)["models"].get(kind):
        yield from _model_faults(minor, model, value, where, partial=partial)
    elif match := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for index, item in enumerate(value):  # a merge patch replaces a list: its items are whole
            yield from value_faults(minor, match[1], item, f"{where}[{index}]")
    elif match := re.fullmatch(r"dict\(str, (.+)\)", kind):
        for key, item in value.items():
            yield from value_faults(minor, match[1], item, f"{where}.{key}", partial=partial)
    elif not isinstance(value, SCALARS[kind]) or (kind != "bool" and isinstance(value, bool)):
        yield f"{where} is no {kind}: {value!r}"


def _model_faults(minor: int, model: dict[str, Any], value: Any, where: str, *, partial: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    if not partial:
        yield from (f"{where} lacks {name}" for name in model["required"] if name not in value)
    for name, item in value.items():
        if name in model["fields"]:
            yield from value_faults(minor, model["fields"][name], item, f"{where}.{name}", partial=partial)
        else:
            yield f"{where} has no field {name}"
