"""Which client talks to whom: a row for each client pod, a column for each server pod that answers much."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from rich.console import RenderableType
from rich.text import Text

from grpcdemo.model import Observation
from grpcdemo.views.glyphs import percent
from grpcdemo.views.pods import short_names
from grpcdemo.views.table import GAP, plain_table
from grpcdemo.views.words import printable

MOST_SERVERS = 12
"""More columns than this are no longer looked at one by one."""
OTHERS = "OTHERS"
CELL = len("…2xk4p")


def clients_table(seen: Observation, width: int | None = None, most_rows: int | None = None) -> RenderableType:
    """Each client's responses by server, in percent of its own; what has no room is one row, or one column."""
    by_client = _by_client(seen)
    counts = seen.tally.by_server()
    servers = sorted(counts, key=lambda name: (-counts[name], name))
    named = sorted(servers[: _room(by_client, width)] if len(servers) > _room(by_client, width) else servers)
    titles = short_names([*counts, *(pod.name for pod in seen.servers)])
    rest = [OTHERS] if len(named) < len(servers) else []
    heads = [printable(titles[name]) for name in named]
    table = plain_table("CLIENT POD", "RESPONSES", *heads, *rest, numbers=["RESPONSES", *heads, *rest])
    shown = len(by_client) if most_rows is None or len(by_client) <= most_rows else max(1, most_rows - 1)
    for client, answered in islice(by_client.items(), shown):
        total = sum(answered.values())
        shares = [answered.get(name, 0) / total if total else 0.0 for name in named]
        shares += [1.0 - sum(shares)] if rest and total else []
        table.add_row(client, str(total), *map(_share, shares))
    if shown < len(by_client):
        table.add_row(Text(f"… and {len(by_client) - shown} more", "dim"))
    return table


def _by_client(seen: Observation) -> dict[str, Mapping[str, int]]:
    """The clients that there are, whether they were answered or not, and those that were."""
    answered = seen.tally.by_client
    names = sorted({pod.name for pod in seen.clients} | answered.keys())
    short = short_names(names)
    return {printable(short[name]): answered.get(name, {}) for name in names}


def _room(by_client: Mapping[str, object], width: int | None) -> int:
    """How many servers have room in a column of their own, beside one for the others."""
    if width is None:
        return MOST_SERVERS
    first = max(len("CLIENT POD"), *map(len, by_client)) + GAP + len("RESPONSES")
    return max(1, min(MOST_SERVERS, (width - first) // (CELL + GAP) - 1))


def _share(share: float) -> Text:
    return Text(percent(share) if share > 1e-9 else "·", "cyan" if share > 1e-9 else "dim")
