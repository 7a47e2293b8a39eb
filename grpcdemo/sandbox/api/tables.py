"""Objects as rows of a Table: the server writes what `kubectl get` prints, so kubectl need not know every kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.sandbox.api.columns import COLUMNS, Columns
from grpcdemo.sandbox.api.negotiation import metadata_only
from grpcdemo.sandbox.api.options import refuse_option
from grpcdemo.sandbox.api.status import Cause

INCLUDED = ("Metadata", "None", "Object")
"""How much of its object each row includes."""


def build_table(
    resource: Resource, items: Iterable[Object], metadata: Object, *, include: str = "", headed: bool = True
) -> Object:
    """A Table. It is *headed* by its columns, unless it is a later one of a watch."""
    if include and include not in INCLUDED:
        raise refuse_option("TableOptions", Cause.unsupported("includeObject", include, INCLUDED))
    now = datetime.now(timezone.utc)
    columns = COLUMNS[resource]
    rows = [{"cells": columns.cells(item, now), **_included(item, include)} for item in items]
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return {**table, "columnDefinitions": _definitions(columns) if headed else None, "rows": rows}


def _included(item: Object, include: str) -> Object:
    if include == "None":
        return {}
    return {"object": item if include == "Object" else metadata_only(item)}


def _definitions(columns: Columns) -> list[Object]:
    return [
        {
            "name": (name := written.lstrip("|").replace("_", " ")),
            "type": "integer" if name in columns.integers else "string",
            "format": "name" if name == "Name" else "",
            "description": name,
            "priority": int(written.startswith("|")),
        }
        for written in columns.names.split()
    ]
