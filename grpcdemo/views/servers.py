"""The server pods and their shares as a table: a row for each, and, where there are too many, one for the rest.

The sparklines of all rows are of the same time, so that one sees who took over from whom, and when. For
that the pods that answered before the present window keep a row, too, though they are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from grpcdemo.model import OTHERS, Observation, Slice
from grpcdemo.views.glyphs import bar, percent, regroup, repeated_shares, server_shares, settled, sparkline
from grpcdemo.views.pods import short_names
from grpcdemo.views.styles import BAD, GOOD, QUIET, SHARE
from grpcdemo.views.table import GAP, Cells, fitting_columns, plain_table, table_width
from grpcdemo.views.words import printable

COLUMNS = ("SERVER POD", "IP", "NODE", "READY", "PROXY", "RESPONSES", "SHARE", "EVEN")
DISPENSABLE = ("NODE", "PROXY", "EVEN", "IP", "RESPONSES")
"""What is left out, in this order, where not every column fits. EVEN is the share that an even spread would give."""
NUMBERS = ("RESPONSES", "EVEN")
FEWEST_CELLS, CELLS, MOST_CELLS = 12, 24, 60
"""Of a sparkline: where it is narrow, where there is no edge, and where it is wide."""
MUCH = 2.0
"""A share is much from so many even ones on."""
EARLIER = 2
"""How many pods are shown that answered before the present window and are gone."""


@dataclass(frozen=True)
class ServerRow:
    """One server pod; None is what is not known of a pod that is gone."""

    name: str
    ip: str | None
    node: str | None
    ready: str
    proxy: str | None
    responses: int | None
    """In the present window; None where the pod was gone before it."""
    share: float
    expected: float | None
    able: bool
    """Ready to answer."""


def server_rows(seen: Observation) -> list[ServerRow]:
    """The pods that there are, by name, and then those that answered in the present window and are gone."""
    counts, expected = seen.tally.by_server(), seen.expected
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
        )
        for pod in sorted(seen.servers, key=lambda pod: pod.name)
    ]
    for name, ip in sorted(seen.departed.items()):
        rows.append(ServerRow(name, ip or None, None, "gone", None, counts.get(name, 0), share(name), None, False))
    return rows


def servers_table(
    seen: Observation, width: int | None = None, most_rows: int | None = None, *, bars: bool = True
) -> RenderableType:
    """In as many columns as fit into *width* cells, and in at most *most_rows* rows below the head.

    Without *most_rows* it is a result, to be copied from: its names are whole, and the sparklines are what has to
    go first. Without *bars* it is words and numbers alone, as a screen reader can say them.
    """
    live = most_rows is not None
    timed = bars and bool(seen.timeline.slices) and (live or _has_room(seen, width))
    earlier = _earlier_rows(seen) if timed else []
    notes = _notes(seen) if timed else []
    shown, folded = _fold(server_rows(seen), None if most_rows is None else most_rows - len(earlier) - len(notes))
    taken = FEWEST_CELLS + GAP if timed else 0
    lines = _lines(shown, folded, earlier, width and width - taken if live else None, bars=bars)
    lines += [_note_cells(name) for name in notes]
    columns = fitting_columns(lines, COLUMNS, DISPENSABLE, width and width - taken)
    cells = CELLS if width is None else max(1, min(MOST_CELLS, width - table_width(lines, columns) - GAP))
    slices = settled(regroup(seen.timeline, cells)) if timed else []
    table = plain_table(*columns, *([f"OVER {_duration(seen)}"] if timed else []), numbers=NUMBERS)
    marks = [_spark(slices, row) for row in shown] + [Text("")] * bool(folded)
    marks += [_spark(slices, row) for row in earlier] + [_note(name, slices) for name in notes]
    for line, mark in zip(lines, marks, strict=True):
        table.add_row(*(line[name] for name in columns), *([mark] if timed else []))
    return table


def _has_room(seen: Observation, width: int | None) -> bool:
    """Whether a sparkline fits beside what a result must have."""
    rows = [_cells(row, row.name, bars=True) for row in (*server_rows(seen), *_earlier_rows(seen))]
    kept = [name for name in COLUMNS if name not in DISPENSABLE or name in ("IP", "RESPONSES")]
    return width is None or table_width(rows, kept) + GAP + FEWEST_CELLS <= width


def _lines(
    shown: Sequence[ServerRow],
    folded: Sequence[ServerRow],
    earlier: Sequence[ServerRow],
    width: int | None,
    *,
    bars: bool,
) -> list[Cells]:
    """The rows as texts; with short names where not all but NODE would fit with the whole ones."""
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
        "SERVER POD": Text(printable(name), gone),
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
    return Text.assemble((bar(row.share), SHARE), f" {percent(row.share):>4}") if bars else Text(percent(row.share))


def _folded_cells(rows: Sequence[ServerRow]) -> Cells:
    least, most = min(row.share for row in rows), max(row.share for row in rows)
    spread = percent(least) if percent(least) == percent(most) else f"{percent(least)} to {percent(most)}"
    texts = {
        "SERVER POD": f"… and {len(rows)} more",
        "RESPONSES": str(sum(row.responses or 0 for row in rows)),
        "SHARE": f"{spread} each",
    }
    return {name: Text(texts.get(name, ""), QUIET) for name in COLUMNS}


def _fold(rows: list[ServerRow], room: int | None) -> tuple[list[ServerRow], list[ServerRow]]:
    """The rows that are shown, in their order, and the rest: those with the least to tell."""
    if room is None or len(rows) <= room:
        return rows, []
    names = {row.name for row in sorted(rows, key=_telling_order)[: max(1, room - 1)]}
    return [row for row in rows if row.name in names], [row for row in rows if row.name not in names]


def _telling_order(row: ServerRow) -> tuple[int, bool, str]:
    """Sorts those first that answer much more than an even share, then those that are not ready.

    The rest goes by name: where all is even, rows must not change places with every response.
    """
    much = row.responses or 0 if row.share > MUCH * (row.expected or 0.0) else 0
    return -much, row.able, row.name


def _earlier_rows(seen: Observation) -> list[ServerRow]:
    """The pods that answered most in earlier windows and are gone."""
    present = {pod.name for pod in seen.servers} | seen.departed.keys() | {OTHERS}
    counts: dict[str, int] = {}
    for found in seen.timeline.slices:
        for name, count in found.by_server.items():
            if name not in present:
                counts[name] = counts.get(name, 0) + count
    most = sorted(counts, key=lambda name: (-counts[name], name))[:EARLIER]
    return [ServerRow(name, None, None, "gone", None, None, 0.0, None, False) for name in most]


NEW_WINDOW, SAME_POD = "new window", "same pod again"


def _notes(seen: Observation) -> list[str]:
    return [NEW_WINDOW, SAME_POD] if seen.windows > 1 else [SAME_POD]


def _note_cells(name: str) -> Cells:
    return {column: Text(name if column == "SERVER POD" else "", QUIET) for column in COLUMNS}


def _note(name: str, slices: Sequence[Slice]) -> Text:
    if name == SAME_POD:
        return Text(sparkline(repeated_shares(slices)), QUIET)
    return Text("".join("^" if at and found.windows else " " for at, found in enumerate(slices)), QUIET)


def _spark(slices: Sequence[Slice], row: ServerRow) -> Text:
    return Text(sparkline(server_shares(slices, row.name)), SHARE if row.responses is not None else QUIET)


def _duration(seen: Observation) -> str:
    seconds = seen.timeline.seconds
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
