"""The geometry of the report's flow picture: clients on the left, server pods on the right, bands of responses between.

A band is as thick as its measured share. Where a pod has a proxy, the band goes through it: one band reaches the proxy
beside the client, and as many leave it as there are server pods that answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from grpcdemo.model.observation import Observation, add_counts
from grpcdemo.views.glyphs import percent
from grpcdemo.views.palette import server_colors
from grpcdemo.views.pods import short_names
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import printable

WIDTH = 400
CLIENT_LEFT, CLIENT_RIGHT = 6, 84
CLIENT_PROXY_LEFT, CLIENT_PROXY_RIGHT = 108, 150
SERVER_PROXY_LEFT, SERVER_PROXY_RIGHT = 222, 264
SERVER_LEFT, SERVER_RIGHT = 284, 394
HEAD = 22
"""The height of the columns' titles."""
ROOMY, DENSE = 42, 26
"""From one pod to the next one below it: with few, and with many."""
GAP = 14
"""Between two pods."""
FEW = 6
MOST_SERVERS, MOST_CLIENTS = 12, 8
"""Those with most responses have a box of their own, the others share the last one."""
THINNEST = 0.75
MOST_LETTERS = 9
"""Of a name in a box."""

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Node:
    """The box of one pod, or of all that share the last one."""

    label: str
    share: str
    """Of all responses, in words; empty without any response."""
    style: str
    middle: float
    """Its y."""
    is_idle: bool
    has_proxy: bool
    thickness: float
    """Of the band between it and its proxy."""


@dataclass(frozen=True)
class Band:
    """The responses of one server to one client."""

    path: str
    thickness: float
    style: str
    text: str


@dataclass(frozen=True)
class Flow:
    """The picture."""

    height: float
    box: float
    """The height of a pod's box."""
    clients: list[Node]
    servers: list[Node]
    bands: list[Band]


@dataclass(frozen=True)
class _Group:
    """The pods that share a box: one, except in the last box."""

    names: list[str]
    title: str
    style: str
    has_proxy: bool


def largest_share(observations: Iterable[Observation]) -> float:
    """Of the responses, the largest part that goes through one box, in any of the pictures."""
    return max((_largest_share(observation) for observation in observations), default=0.0)


def _largest_share(observation: Observation) -> float:
    counts = _counts(_clients(observation), _servers(observation), observation)
    sums = [*map(sum, counts), *map(sum, zip(*counts, strict=True))]
    return max(sums, default=0) / max(1, sum(map(sum, counts)))


def flow(observation: Observation, full: float) -> Flow:
    """A band with the share *full* is as thick as a box is high."""
    clients, servers = _clients(observation), _servers(observation)
    counts = _counts(clients, servers, observation)
    total = sum(map(sum, counts))
    most = max(len(clients), len(servers), 1)
    pitch = ROOMY if most <= FEW else DENSE
    box = pitch - GAP
    widths = [[max(THINNEST, count / total / full * box) if count else 0.0 for count in row] for row in counts]
    left = _nodes(clients, [sum(row) for row in counts], [sum(row) for row in widths], total, most, pitch)
    columns = _columns(widths, len(servers))
    right = _nodes(servers, [*map(sum, _columns(counts, len(servers)))], [*map(sum, columns)], total, most, pitch)
    starts = [_stacked(node.middle, row) for node, row in zip(left, widths, strict=True)]
    ends = [_stacked(node.middle, column) for node, column in zip(right, columns, strict=True)]
    bands = []
    for at, client in enumerate(left):
        for to, server in enumerate(right):
            if count := counts[at][to]:
                path = _path(_out(client), starts[at][to], _into(server), ends[to][at])
                text = f"{clients[at].title} to {servers[to].title}: {count} responses, {percent(count / total)}"
                bands.append(Band(path, round(widths[at][to], 2), server.style, text))
    return Flow(HEAD + most * pitch, box, left, right, bands)


def _clients(observation: Observation) -> list[_Group]:
    answered = observation.tally.by_client
    counts = {name: sum(answered.get(name, {}).values()) for name in observation.callers}
    proxied = {pod.name for pod in observation.clients if pod.proxy}
    return _groups(counts, MOST_CLIENTS, proxied, dict.fromkeys(counts, "ink"))


def _servers(observation: Observation) -> list[_Group]:
    rows = server_rows(observation)
    counts = {row.name: row.responses or 0 for row in rows}
    styles = {name: color.name for name, color in server_colors(observation).items()}
    return _groups(counts, MOST_SERVERS, {row.name for row in rows if row.proxy}, styles)


def _groups(counts: Mapping[str, int], most: int, proxied: Iterable[str], styles: Mapping[str, str]) -> list[_Group]:
    """A box for each pod, in the order of *counts*; if they are more than *most*, for those with most responses."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    own = set(ranked if len(ranked) <= most else ranked[: most - 1])
    short, proxied = short_names(counts), {*proxied}
    groups = [_Group([name], printable(short[name]), styles[name], name in proxied) for name in counts if name in own]
    rest = [name for name in counts if name not in own]
    return [*groups, _Group(rest, f"{len(rest)} others", "rest", proxied.issuperset(rest))] if rest else groups


def _counts(clients: Sequence[_Group], servers: Sequence[_Group], observation: Observation) -> list[list[int]]:
    """The responses of each server to each client."""
    by_client = [add_counts(observation.tally.by_client.get(name, {}) for name in client.names) for client in clients]
    return [[sum(answers.get(name, 0) for name in server.names) for server in servers] for answers in by_client]


def _columns(rows: Sequence[Sequence[Number]], number: int) -> list[list[Number]]:
    """So many of them, also without any row: nobody may be known to call."""
    return [[row[at] for row in rows] for at in range(number)]


def _nodes(
    groups: Sequence[_Group],
    counts: Sequence[int],
    thicknesses: Sequence[float],
    total: int,
    most: int,
    pitch: float,
) -> list[Node]:
    """The boxes of one column, in the middle of one with *most* boxes."""
    top = HEAD + (most - len(groups)) / 2 * pitch
    return [
        Node(
            label=_cut(group.title),
            share=percent(count / total) if total else "",
            style=group.style,
            middle=top + (at + 0.5) * pitch,
            is_idle=not count,
            has_proxy=group.has_proxy,
            thickness=round(thickness, 2),
        )
        for at, (group, count, thickness) in enumerate(zip(groups, counts, thicknesses, strict=True))
    ]


def _cut(title: str) -> str:
    return title if len(title) <= MOST_LETTERS else f"…{title[1 - MOST_LETTERS :]}"


def _stacked(middle: float, widths: Sequence[float]) -> list[float]:
    """The middle of each band, one below the other around *middle*."""
    top = middle - sum(widths) / 2
    return [top + end - width / 2 for end, width in zip(accumulate(widths), widths, strict=True)]


def _out(client: Node) -> float:
    return CLIENT_PROXY_RIGHT if client.has_proxy else CLIENT_RIGHT


def _into(server: Node) -> float:
    return SERVER_PROXY_LEFT if server.has_proxy else SERVER_LEFT


def _path(x1: float, y1: float, x2: float, y2: float) -> str:
    """Level at both ends."""
    bend = (x1 + x2) / 2
    return f"M{x1} {y1:.2f}C{bend} {y1:.2f} {bend} {y2:.2f} {x2} {y2:.2f}"
