"""The server pods and their shares as rows, and which of them are shown if not all fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.model.observation import OTHERS, Observation
from grpcdemo.views.palette import server_colors

MUCH = 2.0
"""How many even shares are much."""
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
    failed: int | None
    """Requests that failed there, in the present window."""
    share: float
    expected: float | None
    able: bool
    """Ready to answer."""
    color: str
    """In a terminal."""
    is_gone: bool = False


def server_rows(observation: Observation) -> list[ServerRow]:
    """The present pods by name, then those that answered in the present window and are gone."""
    counts, expected = observation.tally.by_server(), observation.expected
    colors = server_colors(observation)
    total, failed = sum(counts.values()), observation.tally.failed

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
            None if failed is None else failed.get(pod.name, 0),
            share(pod.name),
            expected.get(pod.name),
            pod.ready,
            colors[pod.name].terminal,
        )
        for pod in sorted(observation.servers, key=lambda pod: pod.name)
    ]
    for name, ip in sorted(observation.departed.items()):
        lost = None if failed is None else failed.get(name, 0)
        rows.append(_gone(name, colors[name].terminal, ip or None, counts.get(name, 0), lost, share(name)))
    return rows


def earlier_rows(observation: Observation) -> list[ServerRow]:
    """The pods that answered most in earlier windows and are gone: they show who took over from whom."""
    present = {pod.name for pod in observation.servers} | observation.departed.keys() | {OTHERS}
    counts = observation.timeline.by_server()
    most = sorted(counts.keys() - present, key=lambda name: (-counts[name], name))[:EARLIER]
    colors = server_colors(observation)
    return [_gone(name, colors[name].terminal) for name in most]


def _gone(
    name: str,
    color: str,
    ip: str | None = None,
    responses: int | None = None,
    failed: int | None = None,
    share: float = 0.0,
) -> ServerRow:
    return ServerRow(
        name, ip, None, "gone", None, responses, failed, share, None, able=False, color=color, is_gone=True
    )


def fold(rows: Sequence[ServerRow], room: int | None) -> tuple[list[ServerRow], list[ServerRow]]:
    """The rows to show, in their order, and the rest: those with the least to tell."""
    if room is None or len(rows) <= room:
        return [*rows], []
    names = {row.name for row in sorted(rows, key=_telling_order)[: max(1, room - 1)]}
    return [row for row in rows if row.name in names], [row for row in rows if row.name not in names]


def _telling_order(row: ServerRow) -> tuple[int, bool, bool, str]:
    """First the pods far above the even share, then those that are not ready, the rest by name, the gone ones last.

    While all shares are even, rows must not change places with every response.
    """
    much = row.responses or 0 if row.share > MUCH * (row.expected or 0.0) and not row.is_gone else 0
    return -much, row.is_gone, row.able, row.name
