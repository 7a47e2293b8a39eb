"""The flow picture of the live view: a line from the clients to each row of the servers' table.

                    ┌─  grpc-server-7d4b9c8f6-2xk4p
    …9qv5m ━━ Envoy ━┽─  grpc-server-7d4b9c8f6-b7wzn
                    └─  grpc-server-7d4b9c8f6-x2x8k

A thick line carries at least half of the responses, a thin one fewer; a pod that does not answer has none.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from grpcdemo.model.observation import Observation
from grpcdemo.views.styles import QUIET
from grpcdemo.views.words import printable

TITLE = "CLIENT"
PROXY = " Envoy "
MOST_LETTERS = 10
"""Of the client's name."""
THICK = 0.5
THIN_LINE, THICK_LINE = "─", "━"
WEIGHTS = {" ": 0, THIN_LINE: 1, THICK_LINE: 2}
JOINTS = {
    # (up, down): the joint by what leaves it to the right: nothing, a thin line, a thick one
    (False, False): " ╶╺",
    (False, True): "╷┌┍",
    (True, False): "╵└┕",
    (True, True): "│├┝",
}
"""Where the trunk has no line from the left."""
SOURCES = {
    (False, False): "╸╾━",
    (False, True): "┑┭┯",
    (True, False): "┙┵┷",
    (True, True): "┥┽┿",
}
"""The same where the clients' line arrives, which is thick."""


def flow_lines(observation: Observation, shares: Sequence[float], colors: Sequence[str]) -> list[Text]:
    """A line for each row of servers with these *shares* and *colors*; empty if nobody has answered."""
    answering = [row for row, share in enumerate(shares) if share]
    if not answering:
        return [Text("")] * len(shares)
    source = (answering[0] + answering[-1]) // 2
    label = _label(observation)
    trunk = range(answering[0], answering[-1] + 1)
    lines = []
    for row, (share, color) in enumerate(zip(shares, colors, strict=True)):
        line = _line(share)
        ends = row in trunk and row > trunk[0], row in trunk and row < trunk[-1]
        joint = (SOURCES if row == source else JOINTS)[ends][WEIGHTS[line]]
        left = Text(label) if row == source else Text(" " * len(label))
        lines.append(left.append(joint, QUIET if row != source else "").append(line, color))
    return lines


def _line(share: float) -> str:
    if not share:
        return " "
    return THICK_LINE if share >= THICK else THIN_LINE


def _label(observation: Observation) -> str:
    """The clients and the way to the trunk."""
    way = 2 * THICK_LINE + PROXY if any(pod.proxy for pod in observation.clients) else THICK_LINE * (2 + len(PROXY))
    return f"{_name(observation)} {way}{THICK_LINE}"


def _name(observation: Observation) -> str:
    """The last part of its name if there is one client, else how many there are."""
    names = observation.callers
    if len(names) != 1:
        return f"{len(names)} clients"
    *_, last = names[0].rpartition("-")
    return f"…{printable(last)[-MOST_LETTERS:]}"
