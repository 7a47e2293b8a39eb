"""The server pods as a table: a row for each, or one row for those that do not fit.

All sparklines span the same time, so they show who took over from whom, and when. So the pods that answered most
before the present window keep a row after they are gone. A wide terminal shows the clients' lines to them as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from grpcdemo.model.observation import Observation, Slice
from grpcdemo.views.flow_lines import TITLE, flow_lines
from grpcdemo.views.glyphs import (
    BLIND,
    bar,
    blind_slices,
    full_share,
    percent,
    regroup,
    repeated_shares,
    server_shares,
    settled,
    sparkline,
)
from grpcdemo.views.pods import short_names
from grpcdemo.views.servers import ServerRow, earlier_rows, fold, server_rows
from grpcdemo.views.styles import BAD, GOOD, QUIET
from grpcdemo.views.table import GAP, Cells, fitting_columns, plain_table, table_width
from grpcdemo.views.words import counts_requests, printable

COLUMNS = ("SERVER POD", "IP", "NODE", "READY", "PROXY", "RESPONSES", "FAILED", "SHARE", "EVEN")
DISPENSABLE = ("NODE", "PROXY", "EVEN", "IP", "RESPONSES", "FAILED", "READY")
"""Columns to drop, in this order, if not all fit. EVEN is the even share."""
ALIKE = ("NODE", "PROXY", "EVEN")
"""What is usually the same for all pods: then it tells less than whole names."""
KEPT = ("SERVER POD", "SHARE", "READY")
"""What stays beside bars and sparklines, which are dropped before READY is; digits are never."""
NUMBERS = ("RESPONSES", "FAILED", "EVEN")
COUNTED = (*NUMBERS, "SHARE")
FEWEST_CELLS, CELLS, MOST_CELLS = 12, 24, 60
"""Of a sparkline: at least, without a width, and at most."""
FLOW_WIDTH = 120
"""From this width on, the clients' lines are drawn."""
SHORT = 8
"""A table with fewer rows is short."""
NEW_WINDOW, SAME_POD, UNREAD = "new window", "same pod again", "blind"
"""The rows below those of the pods. The last one also tells what the mark in the sparklines means."""


@dataclass(frozen=True)
class _Rows:
    """What the table shows, from top to bottom."""

    shown: list[ServerRow]
    folded: list[ServerRow]
    """These share one row."""
    earlier: list[ServerRow]
    notes: list[str]


def servers_table(
    observation: Observation, width: int | None = None, most_rows: int | None = None, *, bars: bool = True
) -> RenderableType:
    """In as many columns as fit into *width* cells, and in at most *most_rows* rows below the head.

    A narrow one gives names and columns away before it gives away what happened over time. Without *bars* it consists
    of words and numbers, for a screen reader.
    """
    present, earlier = server_rows(observation), earlier_rows(observation)
    bars = bars and counts_requests(observation.counted_by)
    timed = bars and bool(observation.timeline.slices) and _has_room([*present, *earlier], width)
    bars = bars and _fits(present, width)
    full = full_share(len(observation.expected))
    rows = _pick(present, earlier if timed else [], _notes(observation) if timed else [], most_rows)
    flow = _flow(observation, rows) if bars and width is not None and width >= FLOW_WIDTH else []
    left = None if width is None else width - _taken(flow, timed=timed)
    columns = _columns(observation)
    lines = _lines(rows, columns, left, full, bars=bars)
    columns = fitting_columns(lines, columns, [name for name in DISPENSABLE if name in columns], left)
    spare = None if left is None else left - table_width(lines, columns)
    marks = _marks(observation, rows, full, spare) if timed else []
    titles = [[TITLE] if flow else [], columns, [f"OVER {_duration(observation)}"] if timed else []]
    table = plain_table(*(title for part in titles for title in part), numbers=NUMBERS)
    for at, line in enumerate(lines):
        table.add_row(*flow[at : at + 1], *(line[name] for name in columns), *marks[at : at + 1])
    return table


def _columns(observation: Observation) -> list[str]:
    """There is none for failures where there are none, or nobody knows at whom; nor for what nobody counts."""
    columns = [name for name in COLUMNS if name != "FAILED" or observation.tally.failed]
    return [name for name in columns if name not in COUNTED or counts_requests(observation.counted_by)]


def _pick(present: Sequence[ServerRow], earlier: Sequence[ServerRow], notes: list[str], most_rows: int | None) -> _Rows:
    """Pods that are gone leave before others are folded; where hardly any would be left, the notes leave as well."""
    if most_rows is not None and most_rows < SHORT and len(present) + len(notes) > most_rows:
        notes = []
    room = None if most_rows is None else most_rows - len(notes)
    if room is not None and len(present) + len(earlier) > room:
        earlier = []
    return _Rows(*fold(present, None if room is None else room - len(earlier)), [*earlier], notes)


def _taken(flow: Sequence[Text], *, timed: bool) -> int:
    """How many cells the clients' lines and the shortest sparkline take."""
    return (max(line.cell_len for line in flow) + GAP if flow else 0) + (GAP + FEWEST_CELLS if timed else 0)


def _flow(observation: Observation, rows: _Rows) -> list[Text]:
    """The clients' lines to the pods that are there, and to those that share a row."""
    shares, colors = [row.share for row in rows.shown], [row.color for row in rows.shown]
    if rows.folded:
        shares.append(sum(row.share for row in rows.folded))
        colors.append(QUIET)
    lines = flow_lines(observation, shares, colors)
    return [*lines, *[Text("")] * (len(rows.earlier) + len(rows.notes))]


def _has_room(rows: Sequence[ServerRow], width: int | None) -> bool:
    """Whether a sparkline fits beside the columns that stay."""
    return _fits(rows, width and width - GAP - FEWEST_CELLS)


def _fits(rows: Sequence[ServerRow], width: int | None) -> bool:
    """Whether bars fit, with short names and the columns that stay."""
    names = short_names(row.name for row in rows)
    return width is None or table_width([_cells(row, names[row.name], 1.0, bars=True) for row in rows], KEPT) <= width


def _lines(rows: _Rows, columns: Sequence[str], width: int | None, full: float, *, bars: bool) -> list[Cells]:
    """The rows as texts; with short names if the whole ones leave no room for the columns that differ."""
    pods = (*rows.shown, *rows.earlier)
    lines = [_cells(row, row.name, full, bars=bars) for row in pods]
    alike = [name for name in ALIKE if len({line[name].plain for line in lines}) == 1 or name == "NODE"]
    if width is not None and table_width(lines, [name for name in columns if name not in alike]) > width:
        names = short_names(row.name for row in pods)
        lines = [_cells(row, names[row.name], full, bars=bars) for row in pods]
    if rows.folded:
        lines.insert(len(rows.shown), _folded_cells(rows.folded))
    return [*lines, *map(_note_cells, rows.notes)]


def _cells(row: ServerRow, name: str, full: float, *, bars: bool) -> Cells:
    gone = "" if row.responses is not None else QUIET
    return {
        "SERVER POD": Text(printable(name), gone or row.color),
        "IP": Text(printable(row.ip or "-"), gone),
        "NODE": Text(row.node or "-", gone),
        "READY": Text(row.ready, gone or (GOOD if row.able else BAD)),
        "PROXY": Text(row.proxy or "-", gone),
        "RESPONSES": Text("-" if row.responses is None else str(row.responses), gone),
        "FAILED": Text("-" if row.failed is None else str(row.failed), gone or (BAD if row.failed else "")),
        "SHARE": _share(row, full, bars=bars),
        "EVEN": Text("-" if row.expected is None else percent(row.expected), gone),
    }


def _share(row: ServerRow, full: float, *, bars: bool) -> Text:
    if row.responses is None:
        return Text("-", QUIET)
    if not bars:
        return Text(percent(row.share))
    return Text.assemble((bar(row.share, full), row.color), f" {percent(row.share):>4}")


def _folded_cells(rows: Sequence[ServerRow]) -> Cells:
    least, most = min(row.share for row in rows), max(row.share for row in rows)
    spread = percent(least) if percent(least) == percent(most) else f"{percent(least)} to {percent(most)}"
    texts = {
        "SERVER POD": f"… and {len(rows)} more",
        "RESPONSES": str(sum(row.responses or 0 for row in rows)),
        "FAILED": str(sum(row.failed or 0 for row in rows)),
        "SHARE": f"{spread} each",
    }
    return {name: Text(texts.get(name, ""), QUIET) for name in COLUMNS}


def _notes(observation: Observation) -> list[str]:
    notes = [NEW_WINDOW] if observation.windows > 1 else []
    notes.append(SAME_POD)
    return [*notes, UNREAD] if observation.unread else notes


def _note_cells(name: str) -> Cells:
    return {column: Text(name if column == "SERVER POD" else "", QUIET) for column in COLUMNS}


def _marks(observation: Observation, rows: _Rows, full: float, spare: int | None) -> list[Text]:
    """What happened over time, for each row, in the *spare* cells."""
    cells = CELLS if spare is None else max(1, min(MOST_CELLS, FEWEST_CELLS + spare))
    timeline = regroup(observation.timeline, cells)
    slices, blind = settled(timeline), blind_slices(timeline, observation.unread)

    def spark(row: ServerRow) -> Text:
        return Text(sparkline(server_shares(slices, row.name), blind, full), row.color)

    folded = [Text("")] * bool(rows.folded)
    notes = [_note(name, slices, blind) for name in rows.notes]
    return [*map(spark, rows.shown), *folded, *map(spark, rows.earlier), *notes]


def _note(name: str, slices: Sequence[Slice], blind: frozenset[int]) -> Text:
    if name == SAME_POD:
        return Text(sparkline(repeated_shares(slices), blind), QUIET)
    if name == UNREAD:
        return Text("".join(BLIND if at in blind else " " for at, _ in enumerate(slices)), BAD)
    return Text("".join("^" if at and part.windows else " " for at, part in enumerate(slices)), QUIET)


def _duration(observation: Observation) -> str:
    seconds = observation.timeline.seconds
    if seconds < 1:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
