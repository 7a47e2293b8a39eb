"""The server pods and their shares as a table: a row for each, or one row for those that do not fit.

All sparklines span the same time, so they show who took over from whom, and when. So the pods that answered most
before the present window keep a row after they are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from grpcdemo.model.observation import OTHERS, Observation, Slice
from grpcdemo.views.glyphs import (
    BLIND,
    bar,
    blind_slices,
    percent,
    regroup,
    repeated_shares,
    server_shares,
    settled,
    sparkline,
)
from grpcdemo.views.palette import server_colors
from grpcdemo.views.pods import short_names
from grpcdemo.views.styles import BAD, GOOD, QUIET
from grpcdemo.views.table import GAP, Cells, fitting_columns, plain_table, table_width
from grpcdemo.views.words import printable

COLUMNS = ("SERVER POD", "IP", "NODE", "READY", "PROXY", "RESPONSES", "SHARE", "EVEN")
DISPENSABLE = ("NODE", "PROXY", "EVEN", "IP", "RESPONSES", "READY")
"""Columns to drop, in this order, if not all fit. EVEN is the even share."""
KEPT = ("SERVER POD", "SHARE", "READY")
"""What stays beside bars and sparklines, which are dropped before READY is; digits are never."""
NUMBERS = ("RESPONSES", "EVEN")
FEWEST_CELLS, CELLS, MOST_CELLS = 12, 24, 60
"""Of a sparkline: at least, without a width, and at most."""
MUCH = 2.0
"""How many even shares are much."""
NEW_WINDOW, SAME_POD, UNREAD = "new window", "same pod again", "blind"
"""The rows below those of the pods. The last one also tells what the mark in the sparklines means."""
EARLIER = 2
"""How many pods of earlier windows keep a row."""


@dataclass(frozen=True)
class ServerRow:
    """One server pod; None means unknown, as for a pod that is gone."""

    name: str
    ip: str | None
    node: str | None
    ready: str
    proxy: str | None
    responses: int | None
    """In the present window; None if the pod was gone before it."""
    share: float
    expected: float | None
    able: bool
    """Ready to answer."""
    color: str
    """In a terminal."""


def server_rows(observation: Observation) -> list[ServerRow]:
    """The present pods by name, then those that answered in the present window and are gone."""
    counts, expected = observation.tally.by_server(), observation.expected
    colors = server_colors(observation)
    total = sum(counts.values())

    def share(name: str) -> float:
        return counts.get(name, 0) / total if total else 0.0

    rows = [
        ServerRow(
            pod.name,
            pod.ip,
            pod.node,
            pod.ready_text,
            pod.proxy,
            counts.get(pod.name, 0),
            share(pod.name),
            expected.get(pod.name),
            pod.ready,
            colors[pod.name].terminal,
        )
        for pod in sorted(observation.servers, key=lambda pod: pod.name)
    ]
    for name, ip in sorted(observation.departed.items()):
        rows.append(_gone(name, colors[name].terminal, ip or None, counts.get(name, 0), share(name)))
    return rows


def servers_table(
    observation: Observation, width: int | None = None, most_rows: int | None = None, *, bars: bool = True
) -> RenderableType:
    """In as many columns as fit into *width* cells, and in at most *most_rows* rows below the head.

    A narrow one gives names and columns away before it gives away what happened over time. Without *bars* it consists
    of words and numbers, for a screen reader.
    """
    rows, earlier = server_rows(observation), _earlier_rows(observation)
    timed = bars and bool(observation.timeline.slices) and _has_room([*rows, *earlier], width)
    bars = bars and _fits(rows, width)
    earlier = earlier if timed else []
    notes = _notes(observation) if timed else []
    shown, folded = fold(rows, None if most_rows is None else most_rows - len(earlier) - len(notes))
    taken = FEWEST_CELLS + GAP if timed else 0
    lines = _lines(shown, folded, earlier, width and width - taken, bars=bars)
    lines += [_note_cells(name) for name in notes]
    columns = fitting_columns(lines, COLUMNS, DISPENSABLE, width and width - taken)
    cells = CELLS if width is None else max(1, min(MOST_CELLS, width - table_width(lines, columns) - GAP))
    timeline = regroup(observation.timeline, cells)
    slices, blind = settled(timeline), blind_slices(timeline, observation.unread)
    table = plain_table(*columns, *([f"OVER {_duration(observation)}"] if timed else []), numbers=NUMBERS)
    marks = [_spark(slices, blind, row) for row in shown] + [Text("")] * bool(folded)
    marks += [_spark(slices, blind, row) for row in earlier] + [_note(name, slices, blind) for name in notes]
    for line, mark in zip(lines, marks, strict=True):
        table.add_row(*(line[name] for name in columns), *([mark] if timed else []))
    return table


def _has_room(rows: Sequence[ServerRow], width: int | None) -> bool:
    """Whether a sparkline fits beside the columns that stay."""
    return _fits(rows, width and width - GAP - FEWEST_CELLS)


def _fits(rows: Sequence[ServerRow], width: int | None) -> bool:
    """Whether bars fit, with short names and the columns that stay."""
    names = short_names(row.name for row in rows)
    return width is None or table_width([_cells(row, names[row.name], bars=True) for row in rows], KEPT) <= width


def _lines(
    shown: Sequence[ServerRow],
    folded: Sequence[ServerRow],
    earlier: Sequence[ServerRow],
    width: int | None,
    *,
    bars: bool,
) -> list[Cells]:
    """The rows as texts; with short names if the whole ones leave no room for the other columns."""
    rows = (*shown, *earlier)
    whole = [_cells(row, row.name, bars=bars) for row in rows]
    if width is not None and table_width(whole, [name for name in COLUMNS if name != "NODE"]) > width:
        names = short_names(row.name for row in rows)
        whole = [_cells(row, names[row.name], bars=bars) for row in rows]
    if folded:
        whole.insert(len(shown), _folded_cells(folded))
    return whole


def _cells(row: ServerRow, name: str, *, bars: bool) -> Cells:
    gone = "" if row.responses is not None else QUIET
    return {
        "SERVER POD": Text(printable(name), gone or row.color),
        "IP": Text(printable(row.ip or "-"), gone),
        "NODE": Text(row.node or "-", gone),
        "READY": Text(row.ready, gone or (GOOD if row.able else BAD)),
        "PROXY": Text(row.proxy or "-", gone),
        "RESPONSES": Text("-" if row.responses is None else str(row.responses), gone),
        "SHARE": _share(row, bars=bars),
        "EVEN": Text("-" if row.expected is None else percent(row.expected), gone),
    }


def _share(row: ServerRow, *, bars: bool) -> Text:
    if row.responses is None:
        return Text("-", QUIET)
    return Text.assemble((bar(row.share), row.color), f" {percent(row.share):>4}") if bars else Text(percent(row.share))


def _folded_cells(rows: Sequence[ServerRow]) -> Cells:
    least, most = min(row.share for row in rows), max(row.share for row in rows)
    spread = percent(least) if percent(least) == percent(most) else f"{percent(least)} to {percent(most)}"
    texts = {
        "SERVER POD": f"… and {len(rows)} more",
        "RESPONSES": str(sum(row.responses or 0 for row in rows)),
        "SHARE": f"{spread} each",
    }
    return {name: Text(texts.get(name, ""), QUIET) for name in COLUMNS}


def fold(rows: list[ServerRow], room: int | None) -> tuple[list[ServerRow], list[ServerRow]]:
    """The rows to show, in their order, and the rest: those with the least to tell."""
    if room is None or len(rows) <= room:
        return rows, []
    names = {row.name for row in sorted(rows, key=_telling_order)[: max(1, room - 1)]}
    return [row for row in rows if row.name in names], [row for row in rows if row.name not in names]


def _telling_order(row: ServerRow) -> tuple[int, bool, str]:
    """First the pods far above the even share, then those that are not ready, then the rest by name.

    While all shares are even, rows must not change places with every response.
    """
    much = row.responses or 0 if row.share > MUCH * (row.expected or 0.0) else 0
    return -much, row.able, row.name


def _earlier_rows(observation: Observation) -> list[ServerRow]:
    """The pods that answered most in earlier windows and are gone."""
    present = {pod.name for pod in observation.servers} | observation.departed.keys() | {OTHERS}
    counts = observation.timeline.by_server()
    most = sorted(counts.keys() - present, key=lambda name: (-counts[name], name))[:EARLIER]
    colors = server_colors(observation)
    return [_gone(name, colors[name].terminal) for name in most]


def _gone(name: str, color: str, ip: str | None = None, responses: int | None = None, share: float = 0.0) -> ServerRow:
    return ServerRow(name, ip, None, "gone", None, responses, share, None, able=False, color=color)


def _notes(observation: Observation) -> list[str]:
    notes = [NEW_WINDOW] if observation.windows > 1 else []
    notes.append(SAME_POD)
    return [*notes, UNREAD] if observation.unread else notes


def _note_cells(name: str) -> Cells:
    return {column: Text(name if column == "SERVER POD" else "", QUIET) for column in COLUMNS}


def _note(name: str, slices: Sequence[Slice], blind: frozenset[int]) -> Text:
    if name == SAME_POD:
        return Text(sparkline(repeated_shares(slices), blind), QUIET)
    if name == UNREAD:
        return Text("".join(BLIND if at in blind else " " for at, _ in enumerate(slices)), BAD)
    return Text("".join("^" if at and part.windows else " " for at, part in enumerate(slices)), QUIET)


def _spark(slices: Sequence[Slice], blind: frozenset[int], row: ServerRow) -> Text:
    return Text(sparkline(server_shares(slices, row.name), blind), row.color)


def _duration(observation: Observation) -> str:
    seconds = observation.timeline.seconds
    if seconds < 1:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
