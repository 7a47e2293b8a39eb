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


def pods_table(pods: Iterable[Pod]) -> Table:
    table = plain_table("POD", "READY", "STATUS", "RESTARTS", "IP", "PROXY", "NODE", numbers=["RESTARTS"])
    for pod in pods:
        ready = Text(pod.ready_text, style="green" if pod.ready else "yellow")
        row = (
            pod.name,
            ready,
            pod.status,
            str(pod.restarts),
            pod.ip or "-",
            pod.proxy or "-",
            pod.node or "-",
        )
        table.add_row(*row)
    return table
