"""Writes the sandbox's `fields.json`: the fields of each kind that it takes, by the models of Kubernetes' client.

python -m tests.sandbox.api.field_table
"""

from __future__ import annotations

import json
import typing
from datetime import datetime
from typing import Any

from kubernetes.aio.client import models
from pydantic import BaseModel

from grpcdemo.sandbox.api.fields import LIST, MAP, TABLE
from grpcdemo.sandbox.api.served import SERVED

KINDS = [*(resource.kind for resource in SERVED), "Scale"]
NAMES = {
    frozenset({str}): "string",
    frozenset({bool}): "boolean",
    frozenset({int}): "integer",
    frozenset({int, str}): "integer or string",
    frozenset({bytes, str}): "bytes",
    frozenset({datetime}): "time",
    frozenset({Any}): "any",
}


def read_table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for kind in KINDS:
        add_model(getattr(models, f"V1{kind}", None) or getattr(models, f"CoreV1{kind}"), table)
    return dict(sorted(table.items()))


def add_model(model: type[BaseModel], table: dict[str, dict[str, str]]) -> str:
    """Add *model* and those of its fields; its name."""
    if model.__name__ not in table:
        fields = table[model.__name__] = {}
        for name, field in model.model_fields.items():
            fields[field.serialization_alias or field.alias or name] = name_type(field.annotation, table)
    return model.__name__


def name_type(annotation: Any, table: dict[str, dict[str, str]]) -> str:
    choices = {bare(choice) for choice in choices_of(annotation)} - {type(None)}
    if (name := NAMES.get(frozenset(choices))) is not None:
        return name
    (only,) = choices
    items = typing.get_args(only)
    if typing.get_origin(only) is list:
        return LIST + name_type(items[0], table)
    if typing.get_origin(only) is dict:
        return MAP + name_type(items[1], table)
    return add_model(only, table)


def choices_of(annotation: Any) -> tuple[Any, ...]:
    annotation = bare(annotation)
    if typing.get_origin(annotation) is typing.Union:
        return tuple(choice for each in typing.get_args(annotation) for choice in choices_of(each))
    return (annotation,)


def bare(annotation: Any) -> Any:
    """Without what is annotated, such as that it is strict."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def write_table(table: dict[str, dict[str, str]]) -> str:
    """A line for each type."""
    lines = (f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in table.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TABLE.write_text(write_table(read_table()), encoding="ascii")
