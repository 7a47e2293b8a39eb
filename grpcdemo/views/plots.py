"""The geometry of the report's plots: from numbers to paths and ticks, in the units of an SVG's viewBox.

The box is as narrow as a phone, so that its text is readable there, and is scaled up elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.model.observation import (
    OTHERS,
    BlindTime,
    LatencyBin,
    Observation,
    Slice,
    Timeline,
    clipped,
    spans,
    total_s,
)
from grpcdemo.views.glyphs import regroup
from grpcdemo.views.pods import short_names

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 34.0, 376.0, 14.0, 164.0
FLAG_WIDTH, FLAG_HEIGHT = 25, 12
"""Room for the name of a percentile."""
MOST_SERIES = 8
"""Eyes tell no more colors apart."""
MOST_SLICES = 120
MOST_ROWS = 24
"""Of the table behind a plot over time."""
MOST_TICKS = 6
FEWEST_TICKS = 3
REST = "others"
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800)


@dataclass(frozen=True)
class Tick:
    """A labeled place on an axis, in units of the drawing."""

    at: float
    text: str


@dataclass(frozen=True)
class Flag:
    """A name to the right of its line, enough rows up to overlap no other name or line."""

    at: float
    text: str
    row: int


@dataclass(frozen=True)
class Series:
    """One server pod, or the rest of them, in the plot of the shares."""

    name: str
    style: str
    path: str
    share: float
    """Of all responses in the plot."""


@dataclass(frozen=True)
class SharesRow:
    """One row of the table behind the plot of the shares."""

    time: str
    shares: list[float | None]
    """Of each series; None without responses."""
    failed: int
    blind_s: float
    """For how long of it the calls of a client could not be read."""


@dataclass(frozen=True)
class SharesPlot:
    """Shares over time: a column for each slice, with the servers stacked in it."""

    series: list[Series]
    ticks: list[Tick]
    windows: list[float]
    """Where the pods changed."""
    failures: str
    """A path that marks the slices in which calls failed."""
    blind: str
    """A path through the times in which calls could not be read. Its stroke, dashed, is as high as the plot."""
    blind_s: float
    rows: list[SharesRow]
    """The table behind it."""


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


def shares_plot(observation: Observation) -> SharesPlot | None:
    """None without any response."""
    totals = observation.timeline.by_server()
    if not totals:
        return None
    ranked = sorted((name for name in totals if name != OTHERS), key=lambda name: (-totals[name], name))
    named = sorted(ranked[:MOST_SERIES])
    timeline = regroup(observation.timeline, MOST_SLICES)
    per_slice = [_parts(part, named, rest=len(named) < len(totals)) for part in timeline.slices]
    titles = [*map(short_names(ranked).__getitem__, named), *([REST] if len(named) < len(totals) else [])]
    styles = [f"s{index}" for index in range(len(named))] + ["rest"]
    everything = sum(totals.values())
    answered = [sum(parts[index] for parts in per_slice) for index in range(len(titles))]
    return SharesPlot(
        series=[
            Series(title, styles[index], _columns(timeline, per_slice, index), answered[index] / everything)
            for index, title in enumerate(titles)
        ],
        ticks=_time_ticks(timeline.seconds),
        windows=[_slice_x(timeline, at) for at, part in enumerate(timeline.slices) if at and part.windows],
        failures=_failures(timeline),
        blind=_blind_path(timeline, observation.unread),
        blind_s=total_s(observation.unread),
        rows=_share_rows(observation, named, rest=len(named) < len(totals)),
    )


def latency_plot(observation: Observation) -> LatencyPlot | None:
    """None without any response."""
    bins = observation.latencies
    if not bins:
        return None
    low, high = math.log10(bins[0].low_ms), math.log10(bins[-1].high_ms)
    most = max(one.count for one in bins)

    def x(ms: float) -> float:
        return LEFT + (math.log10(ms) - low) / (high - low) * (RIGHT - LEFT)

    def bar(one: LatencyBin) -> tuple[float, float, float, float]:
        left, share = x(one.low_ms), one.count / most
        return round(left, 2), round(_height_y(share), 2), round(x(one.high_ms) - left, 2), round(_size(share), 2)

    shown = {name: ms for name, ms in observation.tally.latency_ms.items() if bins[0].low_ms <= ms <= bins[-1].high_ms}
    return LatencyPlot(
        bars=[bar(one) for one in bins],
        ticks=[Tick(round(x(ms), 2), f"{ms:g}") for ms in _decade_steps(bins)],
        percentiles=_flags([Tick(round(x(ms), 2), name) for name, ms in shown.items()]),
        lines=[Tick(round(_height_y(count / most), 2), _short_count(count)) for count in _round_counts(most)],
        rows=[(f"{one.low_ms:.3g} to {one.high_ms:.3g} ms", one.count) for one in bins],
    )


def _parts(part: Slice, named: Sequence[str], *, rest: bool) -> list[int]:
    """Responses of each named server, and with *rest* those of all others."""
    parts = [part.by_server.get(name, 0) for name in named]
    return [*parts, part.responses - sum(parts)] if rest else parts


def _columns(timeline: Timeline, per_slice: Sequence[Sequence[int]], index: int) -> str:
    """The path of one series: in each slice a rectangle on top of those of the series before it."""
    path = []
    for at, parts in enumerate(per_slice):
        total = sum(parts)
        if not total or not parts[index]:
            continue
        left, right = _slice_x(timeline, at), _slice_x(timeline, at + 1)
        bottom = _height_y(sum(parts[:index]) / total)
        top = _height_y(sum(parts[: index + 1]) / total)
        path.append(f"M{left:.2f} {bottom:.2f}H{right:.2f}V{top:.2f}H{left:.2f}Z")
    return "".join(path)


def _failures(timeline: Timeline) -> str:
    middles = [_slice_x(timeline, at + 0.5) for at, part in enumerate(timeline.slices) if part.errors]
    return "".join(f"M{x:.2f} {TOP - 8:.2f}V{TOP - 2:.2f}" for x in middles)


def _blind_path(timeline: Timeline, times: Sequence[BlindTime]) -> str:
    middle = (TOP + BOTTOM) / 2
    return "".join(
        f"M{_slice_x(timeline, begin / timeline.slice_s):.2f} {middle:.2f}"
        f"H{_slice_x(timeline, end / timeline.slice_s):.2f}"
        for begin, end in spans(times)
    )


def _share_rows(observation: Observation, named: Sequence[str], *, rest: bool) -> list[SharesRow]:
    timeline = regroup(observation.timeline, MOST_ROWS)
    rows = []
    for at, part in enumerate(timeline.slices):
        parts = _parts(part, named, rest=rest)
        shares = [count / part.responses if part.responses else None for count in parts]
        begin, end = at * timeline.slice_s, round(min((at + 1) * timeline.slice_s, timeline.seconds), 2)
        blind_s = total_s(clipped(observation.unread, begin, end))
        rows.append(SharesRow(f"{begin:.10g} to {end:.10g} s", shares, part.errors, blind_s))
    return rows


def _time_ticks(seconds: float) -> list[Tick]:
    seconds = max(seconds, 0.1)
    step = next((step for step in STEPS_S if seconds / step <= MOST_TICKS), STEPS_S[-1])
    times = [round(number * step, 1) for number in range(int(seconds / step) + 1)]
    return [Tick(round(LEFT + at / seconds * (RIGHT - LEFT), 2), _duration(at)) for at in times]


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds and not seconds % size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _flags(ticks: Sequence[Tick]) -> list[Flag]:
    """*ticks* go from left to right; one that overlaps the next is a row higher."""
    flags: list[Flag] = []
    for tick in reversed(ticks):
        row = flags[-1].row + 1 if flags and tick.at + FLAG_WIDTH > flags[-1].at else 0
        flags.append(Flag(tick.at, tick.text, row))
    return flags


def _decade_steps(bins: Sequence[LatencyBin]) -> list[float]:
    """Powers of ten if there are enough of them; else also their multiples by 2 and 5, or all multiples."""
    low, high = bins[0].low_ms, bins[-1].high_ms
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps: list[float] = []
    for factors in ((1,), (1, 2, 5), range(1, 10)):
        steps = [factor * 10.0**decade for decade in decades for factor in factors]
        steps = [step for step in steps if low <= step <= high]
        if len(steps) >= FEWEST_TICKS:
            break
    return steps


def _short_count(count: int) -> str:
    """In thousands or millions if that is round: there is little room beside the axis."""
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if not count % (size // 10) and count >= size:
            return f"{count / size:g}{unit}"
    return str(count)


def _round_counts(most: int) -> range:
    """Up to four counts that divide the axis, in steps of 1, 2 or 5 of some decade."""
    decade = 10 ** max(0, len(str(most)) - 2)
    step = next(
        step for step in (decade, 2 * decade, 5 * decade, 10 * decade, 20 * decade, 50 * decade) if most // step <= 4
    )
    return range(step, most + 1, step)


def _slice_x(timeline: Timeline, at: float) -> float:
    """Where slice number *at* begins."""
    seconds = max(timeline.seconds, timeline.slice_s / 10)
    return LEFT + min(1.0, at * timeline.slice_s / seconds) * (RIGHT - LEFT)


def _height_y(share: float) -> float:
    return BOTTOM - _size(share)


def _size(share: float) -> float:
    return share * (BOTTOM - TOP)
