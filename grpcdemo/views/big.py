"""An observation for the back row: a block for each server pod, with its share in large digits and a thick bar."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from grpcdemo.model.observation import Observation
from grpcdemo.views.glyphs import bar, full_share, percent
from grpcdemo.views.observation import STYLES
from grpcdemo.views.pods import short_names
from grpcdemo.views.servers import ServerRow, fold, server_rows
from grpcdemo.views.styles import QUIET
from grpcdemo.views.words import printable

GLYPHS = {
    "0": ("███", "█ █", "█ █", "█ █", "███"),
    "1": (" █ ", "██ ", " █ ", " █ ", "███"),
    "2": ("███", "  █", "███", "█  ", "███"),
    "3": ("███", "  █", "███", "  █", "███"),
    "4": ("█ █", "█ █", "███", "  █", "  █"),
    "5": ("███", "█  ", "███", "  █", "███"),
    "6": ("███", "█  ", "███", "█ █", "███"),
    "7": ("███", "  █", "  █", "  █", "  █"),
    "8": ("███", "█ █", "███", "█ █", "███"),
    "9": ("███", "█ █", "███", "  █", "███"),
    "%": ("█  █", "  █ ", " █  ", "█   ", "█  █"),
    ".": (" ", " ", " ", " ", "█"),
    ">": ("█  ", " █ ", "  █", " █ ", "█  "),
}
HIGH = 5
"""The height of a digit, and the most of a bar."""
MARK = "● "
DIGITS = 18
"""Room for `100%`."""
SHARE = 6
"""Room for it in small digits."""
NARROWEST = 10
"""Of a bar."""


def big_view(observation: Observation, width: int, height: int) -> RenderableType:
    """The picture in *width* cells and *height* lines. Pods that do not fit share the last line."""
    rows, facts = server_rows(observation), _facts(observation, width)
    full = full_share(len(observation.expected))
    room = max(1, height - len(facts))
    shown, folded = fold(rows, room)
    high = min(HIGH, room // max(1, len(shown)) - 1)
    names = short_names(row.name for row in rows)
    lines: list[Text] = []
    for row in shown:
        title = Text.assemble((MARK, row.color), f"{printable(names[row.name])}  {printable(row.ip or '')}")
        if high < 2:
            lines.append(_line(title, row, full, width))
        else:
            lines += [*_block(title, row, full, width, high), Text("")]
    if folded:
        lines.append(Text(f"… and {len(folded)} more", QUIET))
    return Group(*lines, *facts)


def _facts(observation: Observation, width: int) -> list[Text]:
    """The verdict; while there is none, why not."""
    verdict = observation.verdict
    word = Text(verdict.outcome.value.upper().center(width), f"{STYLES[verdict.outcome]} reverse")
    if verdict.error_rate is not None:
        return [word]
    reason = Text(printable(verdict.reason))
    reason.truncate(width, overflow="ellipsis")
    return [word, reason]


def _line(title: Text, row: ServerRow, full: float, width: int) -> Text:
    """All of a pod in one line: the bar takes the right half."""
    half = width // 2
    title.truncate(max(1, half - SHARE - 1), overflow="ellipsis", pad=True)
    drawn = bar(row.share, full, width - half)
    return Text.assemble(title, (f"{percent(row.share):>{SHARE}} ", "bold"), (drawn, row.color))


def _block(title: Text, row: ServerRow, full: float, width: int, high: int) -> list[Text]:
    """A pod in *high* lines: the title above its bar, and on the left the share, in large digits if they fit."""
    share = percent(row.share)
    if high < HIGH or width < DIGITS + NARROWEST:
        title = Text.assemble(title, (f"  {share}", "bold"))
        return [title, *[Text(bar(row.share, full, width), row.color)] * (high - 1)]
    first, *others = (Text(f"{line:<{DIGITS}}", row.color) for line in _digits(share))
    drawn = bar(row.share, full, width - DIGITS)
    return [Text.assemble(first, title), *(Text.assemble(digits, (drawn, row.color)) for digits in others)]


def _digits(text: str) -> Sequence[str]:
    return [" ".join(GLYPHS[letter][line] for letter in text) for line in range(HIGH)]
