"""The plot of the latency: how many responses took how long, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.model.observation import LatencyBin, Observation
from grpcdemo.views.plots.box import FLAG_WIDTH, LEFT, MOST_ROWS, RIGHT, Axes, Tick, bin_shares, height_y, part_size

FEWEST_TICKS = 3
SHARE_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)


@dataclass(frozen=True)
class Flag:
    """A name to the right of its line, enough rows up to overlap no other name or line."""

    at: float
    text: str
    row: int


@dataclass(frozen=True)
class LatencyPlot:
    """How many responses took how long, on a logarithmic axis."""

    bars: list[tuple[float, float, float, float]]
    """x, y, width, height."""
    ticks: list[Tick]
    percentiles: list[Flag]
    """The highest percentile first, in the lowest row."""
    lines: list[Tick]
    """Counts, on the other axis."""
    rows: list[tuple[str, int]]


def latency_plot(observation: Observation, axes: Axes) -> LatencyPlot | None:
    """None without any response."""
    bins = observation.latencies
    if not bins:
        return None
    low, high = math.log10(axes.low_ms), math.log10(axes.high_ms)

    def x(ms: float) -> float:
        return LEFT + (math.log10(ms) - low) / (high - low) * (RIGHT - LEFT)

    def bar(one: LatencyBin, share: float) -> tuple[float, float, float, float]:
        left, size = x(one.low_ms), share / axes.most
        return round(left, 2), round(height_y(size), 2), round(x(one.high_ms) - left, 2), round(part_size(size), 2)

    shown = {name: ms for name, ms in observation.tally.latency_ms.items() if axes.low_ms <= ms <= axes.high_ms}
    return LatencyPlot(
        bars=[*map(bar, bins, bin_shares(observation))],
        ticks=[Tick(round(x(ms), 2), f"{ms:g}") for ms in _decade_steps(axes)],
        percentiles=_flags([Tick(round(x(ms), 2), name) for name, ms in shown.items()]),
        lines=[Tick(round(height_y(share / axes.most), 2), f"{share:.0%}") for share in _round_shares(axes.most)],
        rows=[(f"{one.low_ms:.3g} to {one.high_ms:.3g} ms", one.count) for one in _joined(bins)],
    )


def _flags(ticks: Sequence[Tick]) -> list[Flag]:
    """*ticks* go from left to right; one that overlaps the next is a row higher."""
    flags: list[Flag] = []
    for tick in reversed(ticks):
        row = flags[-1].row + 1 if flags and tick.at + FLAG_WIDTH > flags[-1].at else 0
        flags.append(Flag(tick.at, tick.text, row))
    return flags


def _joined(bins: Sequence[LatencyBin]) -> list[LatencyBin]:
    """At most MOST_ROWS of them, of equal size on the axis."""
    size = math.ceil(len(bins) / MOST_ROWS)
    groups = [bins[at : at + size] for at in range(0, len(bins), size)]
    return [LatencyBin(group[0].low_ms, group[-1].high_ms, sum(one.count for one in group)) for group in groups]


def _decade_steps(axes: Axes) -> list[float]:
    """Powers of ten if there are enough of them; else also their multiples by 2 and 5, or all multiples."""
    low, high = axes.low_ms, axes.high_ms
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps: list[float] = []
    for factors in ((1,), (1, 2, 5), range(1, 10)):
        steps = [factor * 10.0**decade for decade in decades for factor in factors]
        steps = [step for step in steps if low <= step <= high]
        if len(steps) >= FEWEST_TICKS:
            break
    return steps


def _round_shares(most: float) -> list[float]:
    """Up to four shares that divide the axis."""
    step = next(step for step in SHARE_STEPS if most / step <= 4)
    return [step * number for number in range(1, math.floor(most / step) + 1)]
