"""Which client talks to which pod: a row for each client pod, a column for each server pod that answers most."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from grpcdemo.model.observation import Observation
from grpcdemo.views.glyphs import percent
from grpcdemo.views.pods import short_names
from grpcdemo.views.styles import QUIET, SHARE
from grpcdemo.views.table import GAP, plain_table
from grpcdemo.views.words import callers_title, printable

MOST_SERVERS = 12
"""More columns are hard to compare."""
OTHERS = "OTHERS"
CELL = len("100%")


@dataclass(frozen=True)
class Matrix:
    """The shares of each client's responses, by server."""

    servers: list[str]
    """Short names; OTHERS is last if there are more servers than columns."""
    rows: list[tuple[str, int, list[float]]]
    """A client's short name, its responses, and a share for each of the servers."""


def client_matrix(observation: Observation, most_servers: int = MOST_SERVERS) -> Matrix:
    """Every client; every server, or the *most_servers* that answered most."""
    answered = observation.tally.by_client
    ranked, by_server = _ranked(observation), observation.tally.by_server()
    others = len(ranked) > most_servers
    named = sorted(name for name in ranked[:most_servers] if by_server.get(name) or not others)
    titles = short_names(named)
    clients = short_names(observation.callers)
    rows = []
    for name, short in clients.items():
        counts = answered.get(name, {})
        total = sum(counts.values())
        parts = [counts.get(server, 0) for server in named]
        parts += [total - sum(parts)] if others else []
        rows.append((printable(short), total, [part / total if total else 0.0 for part in parts]))
    heads = [printable(titles[name]) for name in named]
    return Matrix(heads + ([OTHERS] if others else []), rows)


def clients_table(observation: Observation, width: int | None = None, most_rows: int | None = None) -> RenderableType:
    """Each client's shares by server; what does not fit is in one more row and column."""
    matrix = client_matrix(observation, _room(observation, width))
    title = callers_title(observation.counted_by)
    table = plain_table(title, "RESPONSES", *matrix.servers, numbers=["RESPONSES", *matrix.servers])
    shown = len(matrix.rows) if most_rows is None or len(matrix.rows) <= most_rows else max(1, most_rows - 1)
    for client, total, shares in matrix.rows[:shown]:
        table.add_row(client, str(total), *map(_share, shares))
    if shown < len(matrix.rows):
        table.add_row(Text(f"… and {len(matrix.rows) - shown} more", QUIET))
    return table


def _ranked(observation: Observation) -> list[str]:
    """The servers by responses, most first."""
    counts = dict.fromkeys((pod.name for pod in observation.servers), 0) | observation.tally.by_server()
    return sorted(counts, key=lambda name: (-counts[name], name))


def _room(observation: Observation, width: int | None) -> int:
    """How many servers get a column of their own, beside one for the others."""
    if width is None:
        return MOST_SERVERS
    clients = short_names(observation.callers)
    left = width - max(len("CLIENT POD"), *map(len, clients.values())) - GAP - len("RESPONSES")
    ranked = _ranked(observation)
    for most in range(MOST_SERVERS, 1, -1):
        heads = [*short_names(ranked[:most]).values(), *([OTHERS] if len(ranked) > most else [])]
        if sum(GAP + max(CELL, len(head)) for head in heads) <= left:
            return most
    return 1


def _share(share: float) -> Text:
    return Text(percent(share), SHARE) if share else Text("·", QUIET)
