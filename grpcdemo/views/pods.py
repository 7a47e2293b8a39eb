"""Pods as a table with the columns of `kubectl get pods -o wide` and the proxy."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from grpcdemo.model.pods import Pod
from grpcdemo.views.styles import BAD, GOOD
from grpcdemo.views.table import fitting_columns, plain_table

COLUMNS = ("POD", "READY", "STATUS", "RESTARTS", "IP", "PROXY", "NODE")
DISPENSABLE = ("NODE", "RESTARTS", "IP", "PROXY", "STATUS")
"""Columns to drop, in this order, if not all fit: a wrapped table is hard to read."""


def pods_table(pods: Iterable[Pod], width: int | None = None) -> Table:
    """The pods, in as many columns as fit into *width* cells; in all of them without a width."""
    rows = [_cells(pod) for pod in pods]
    columns = fitting_columns(rows, COLUMNS, DISPENSABLE, width)
    table = plain_table(*columns, numbers=["RESTARTS"])
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    return table


def _cells(pod: Pod) -> dict[str, Text]:
    texts = (pod.name, pod.ready_text, pod.status, str(pod.restarts), pod.ip, pod.proxy, pod.node)
    cells = {column: Text(text or "-") for column, text in zip(COLUMNS, texts, strict=True)}
    cells["READY"].stylize(GOOD if pod.ready else BAD)
    return cells


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Each name without the common prefix: `…b7wzn` for `grpc-server-7d4b9c8f6-b7wzn`."""
    ordered = sorted(set(names))
    if not ordered:
        return {}
    first, last = ordered[0], ordered[-1]
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), len(first))
    cut = first.rfind("-", 0, same) + 1
    return {name: f"…{name[cut:]}" if cut else name for name in ordered}
