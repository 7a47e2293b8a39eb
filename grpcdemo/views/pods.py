"""Pods as a table, in the columns of `kubectl get pods -o wide`, and the proxy."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from grpcdemo.model import Pod


def plain_table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """A table without lines, as kubectl prints one; the columns in *numbers* are aligned to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column in numbers else "left")
    return table


COLUMNS = ("POD", "READY", "STATUS", "RESTARTS", "IP", "PROXY", "NODE")
DISPENSABLE = ("NODE", "RESTARTS")
"""What is left out, in this order, where not every column fits: a wrapped table is hard to read."""


def pods_table(pods: Iterable[Pod], width: int | None = None) -> Table:
    """The pods, in as many of the columns as fit into *width* cells; without one, in all of them."""
    rows = [_cells(pod) for pod in pods]
    columns = _fitting(rows, width)
    table = plain_table(*columns, numbers=["RESTARTS"])
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    return table


def _cells(pod: Pod) -> dict[str, Text]:
    texts = (pod.name, pod.ready_text, pod.status, str(pod.restarts), pod.ip, pod.proxy, pod.node)
    cells = {column: Text(text or "-") for column, text in zip(COLUMNS, texts, strict=True)}
    cells["READY"].stylize("green" if pod.ready else "yellow")
    return cells


def _fitting(rows: list[dict[str, Text]], width: int | None) -> list[str]:
    columns = list(COLUMNS)
    for dispensable in DISPENSABLE:
        widths = [max(len(column), *(len(row[column]) for row in rows)) for column in columns] if rows else []
        if width is None or sum(widths) + 2 * (len(columns) - 1) <= width:
            break
        columns.remove(dispensable)
    return columns
