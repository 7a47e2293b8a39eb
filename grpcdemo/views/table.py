"""Tables as kubectl prints them: no lines, and on a narrow screen fewer columns instead of wrapped ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table
from rich.text import Text

GAP = 2
"""Cells between two columns."""

Cells = Mapping[str, Text]
"""One row, by the names of its columns."""


def plain_table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """A table without lines; the columns in *numbers* are right-aligned."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column in numbers else "left")
    return table


def fitting_columns(
    rows: Sequence[Cells], columns: Sequence[str], dispensable: Iterable[str], width: int | None
) -> list[str]:
    """*columns* that fit into *width* cells, after dropping as few of the *dispensable* as possible, in order."""
    kept = list(columns)
    for column in dispensable:
        if width is None or table_width(rows, kept) <= width:
            break
        kept.remove(column)
    return kept


def table_width(rows: Sequence[Cells], columns: Sequence[str]) -> int:
    widths = [max([len(column), *(row[column].cell_len for row in rows)]) for column in columns]
    return sum(widths) + GAP * (len(columns) - 1)
