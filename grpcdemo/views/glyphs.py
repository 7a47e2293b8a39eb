"""Shares as text: percentages that do not overstate, bars, and sparklines."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence

from grpcdemo.model.observation import BlindTime, Slice, Timeline, add_counts, spans

BAR_CELLS = 10
EIGHTHS = " ▏▎▍▌▋▊▉█"
SPARKS = "▁▂▃▄▅▆▇█"
NO_CALLS = " "
BLIND = "░"
NOWHERE: frozenset[int] = frozenset()
FEW = 4
"""For so many pods, a bar shows the part of all responses. For more, all bars would be short."""


def percent(share: float) -> str:
    """Never 100% for less than all, never 0% for more than nothing; one decimal below 10%."""
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share < 0.0005:
        return ">0%"
    if share < 0.0995:
        return f"{share:.1%}"
    return f"{share:.0%}" if share < 0.995 else ">99%"


def full_share(pods: int) -> float:
    """The share of a full bar: all responses, or with many *pods* twice the even share."""
    return 1.0 if pods <= FEW else 2 / pods


def bar(share: float, full: float = 1.0, cells: int = BAR_CELLS) -> str:
    """A bar that takes all *cells* at a share of *full* or more, exact to an eighth of a cell."""
    whole, rest = divmod(round(min(1.0, share / full) * cells * 8), 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(cells)


def sparkline(shares: Iterable[float | None], blind: Container[int] = NOWHERE, full: float = 1.0) -> str:
    """A cell for each share: the lowest bar is 0%, the highest *full* or more, a blank no responses.

    Where nothing was read, in the cells with these numbers, a mark says that nobody knows.
    """
    top = len(SPARKS) - 1
    return "".join(
        (BLIND if cell in blind else NO_CALLS) if share is None else SPARKS[round(min(1.0, share / full) * top)]
        for cell, share in enumerate(shares)
    )


def regroup(timeline: Timeline, cells: int) -> Timeline:
    """The timeline in at most *cells* slices of equal length."""
    slices = timeline.slices
    size = max(1, math.ceil(len(slices) / cells))
    joined = tuple(_joined(slices[at : at + size]) for at in range(0, len(slices), size))
    return Timeline(timeline.slice_s * size, joined, timeline.seconds)


def settled(timeline: Timeline) -> Sequence[Slice]:
    """The slices without a last one that has just begun: a few calls make no share."""
    begun_s = timeline.seconds - timeline.slice_s * (len(timeline.slices) - 1)
    hardly = len(timeline.slices) > 1 and begun_s < timeline.slice_s / 2
    return timeline.slices[:-1] if hardly else timeline.slices


def blind_slices(timeline: Timeline, times: Iterable[BlindTime]) -> frozenset[int]:
    """The numbers of the slices in which the calls of a client could not be read, at least for a part."""
    return frozenset(
        number
        for begin, end in spans(times)
        for number in range(math.floor(begin / timeline.slice_s), math.ceil(end / timeline.slice_s))
    )


def server_shares(slices: Sequence[Slice], server: str) -> list[float | None]:
    return [part.by_server.get(server, 0) / part.responses if part.responses else None for part in slices]


def repeated_shares(slices: Sequence[Slice]) -> list[float | None]:
    """How often the same pod answered as the call before: 1 while pinned, about 1/k when balanced over k pods."""
    return [part.repeated / part.followed if part.followed else None for part in slices]


def _joined(slices: Sequence[Slice]) -> Slice:
    if len(slices) == 1:
        return slices[0]
    return Slice(
        add_counts(part.by_server for part in slices),
        sum(part.errors for part in slices),
        sum(part.followed for part in slices),
        sum(part.repeated for part in slices),
        sum(part.windows for part in slices),
    )
