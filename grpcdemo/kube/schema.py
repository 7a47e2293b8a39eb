"""What fields each kind has and what type each field, as plain dicts, read off the client library's models.

Whoever checks objects without talking to a cluster (the sandbox does) is told by this what a cluster knows.

A struct is `{"type": "object", "name": …, "fields": {…}}`, a list `{"type": "array", "items": …}`, a map
`{"type": "map", "values": …}`; the rest is `{"type": T}` with T one of string, integer, number, boolean,
time, quantity, intOrString, and any.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from kubernetes.aio.client import models

Schema = dict[str, Any]

QUANTITIES = {"limits", "requests", "capacity", "allocatable", "allocatedResources", "overhead", "sizeLimit", "divisor"}
"""Fields with amounts, which the models know as text, and a cluster also takes as numbers."""

LEAVES = {str: "string", int: "integer", float: "number", bool: "boolean", datetime: "time", bytes: "string"}


def describe(api_version: str, kind: str) -> Schema | None:
    """The fields of a kind; None where the library knows no such kind."""
    group, _, version = api_version.rpartition("/")
    prefix = (group.split(".")[0] or "core").capitalize()
    name = version.capitalize() + kind
    model = getattr(models, name, None) or getattr(models, prefix + name, None)
    return _struct(model) if model else None


@cache
def _struct(model: Any) -> Schema:
    name = re.sub(r"^(Core)?V\d+((alpha|beta)\d+)?", "", model.__name__)
    schema: Schema = {"type": "object", "name": name, "fields": {}}
    for attribute, field in model.model_fields.items():
        written = field.serialization_alias or field.alias or attribute
        schema["fields"][written] = _type(field.annotation, quantity=written in QUANTITIES)
    return schema


def _type(annotation: Any, *, quantity: bool) -> Schema:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0], quantity=quantity)
    if origin in (Union, UnionType):
        return _union([found for found in arguments if found is not NoneType], quantity=quantity)
    if origin is list:
        return {"type": "array", "items": _type(arguments[0], quantity=quantity)}
    if origin is dict:
        return {"type": "map", "values": _type(arguments[1], quantity=quantity)}
    if annotation in LEAVES:
        return {"type": "quantity" if quantity and annotation is str else LEAVES[annotation]}
    return _struct(annotation) if hasattr(annotation, "model_fields") else {"type": "any"}


def _union(members: list[Any], *, quantity: bool) -> Schema:
    found = [_type(member, quantity=quantity) for member in members]
    if {member["type"] for member in found} == {"string", "integer"}:
        return {"type": "intOrString"}
    return found[0] if len(found) == 1 or all(member == found[0] for member in found) else {"type": "any"}
