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
from grpcdemo.views.palette import Color, server_colors
from grpcdemo.views.pods import short_names

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 34.0, 376.0, 14.0, 164.0
FLAG_WIDTH, FLAG_HEIGHT = 25, 12
"""Room for the name of a percentile."""
MOST_SLICES = 120
MOST_ROWS = 10
"""Of the table behind a plot."""
MOST_TICKS = 6
FEWEST_TICKS = 3
REST = "others"
SHARE_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800)


@dataclass(frozen=True)
class Axes:
    """How far the axes go, in all observations of a report, so that their plots compare."""

    seconds: float
    low_ms: float
    high_ms: float
    most: float
    """The largest share of the responses in one bin of the latency."""


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


@dataclass(frozen=True)
class _TimeScale:
    """Places on the axis of time, which may go on after the end of the *timeline*."""

    timeline: Timeline
    seconds: float

    def x(self, at: float) -> float:
        """Where slice number *at* begins."""
        return self.second_x(at * self.timeline.slice_s)

    def second_x(self, second: float) -> float:
        end = max(self.timeline.seconds, self.timeline.slice_s / 10)
        return LEFT + min(second, end) / max(self.seconds, end) * (RIGHT - LEFT)


def common_axes(observations: Sequence[Observation]) -> Axes:
    bins = [one for observation in observations for one in observation.latencies]
    return Axes(
        seconds=max((observation.timeline.seconds for observation in observations), default=0.0),
        low_ms=min((one.low_ms for one in bins), default=1.0),
        high_ms=max((one.high_ms for one in bins), default=1.0),
        most=max((max(_bin_shares(observation), default=0.0) for observation in observations), default=0.0),
    )


def shares_plot(observation: Observation, axes: Axes) -> SharesPlot | None:
    """None without any response."""
    totals = observation.timeline.by_server()
    if not totals:
        return None
    named = _with_distinct_colors(observation)
    timeline = regroup(observation.timeline, MOST_SLICES)
    scale = _TimeScale(timeline, axes.seconds)
    rest = len(named) < len(totals)
    per_slice = [_parts(part, named, rest=rest) for part in timeline.slices]
    short, colors = short_names(totals.keys() - {OTHERS}), server_colors(observation)
    heads = [(short[name], colors[name].name) for name in named] + ([(REST, "rest")] if rest else [])
    everything = sum(totals.values())
    answered = [sum(parts[index] for parts in per_slice) for index in range(len(heads))]
    return SharesPlot(
        series=[
            Series(title, style, _columns(scale, per_slice, index), answered[index] / everything)
            for index, (title, style) in enumerate(heads)
        ],
        ticks=_time_ticks(axes.seconds),
        windows=[scale.x(at) for at, part in enumerate(timeline.slices) if at and part.windows],
        failures=_failures(scale, timeline.slices),
        blind=_blind_path(scale, observation.unread),
        blind_s=total_s(observation.unread),
        rows=_share_rows(observation, named, rest=rest),
    )


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
        return round(left, 2), round(_height_y(size), 2), round(x(one.high_ms) - left, 2), round(_size(size), 2)

    shown = {name: ms for name, ms in observation.tally.latency_ms.items() if axes.low_ms <= ms <= axes.high_ms}
    return LatencyPlot(
        bars=[*map(bar, bins, _bin_shares(observation))],
        ticks=[Tick(round(x(ms), 2), f"{ms:g}") for ms in _decade_steps(axes)],
        percentiles=_flags([Tick(round(x(ms), 2), name) for name, ms in shown.items()]),
        lines=[Tick(round(_height_y(share / axes.most), 2), f"{share:.0%}") for share in _round_shares(axes.most)],
        rows=[(f"{one.low_ms:.3g} to {one.high_ms:.3g} ms", one.count) for one in _joined(bins)],
    )


def _with_distinct_colors(observation: Observation) -> list[str]:
    """The server pods that answered; of those that share a color, the one that answered most."""
    totals, colors = observation.timeline.by_server(), server_colors(observation)
    most: dict[Color, str] = {}
    for name in sorted(totals.keys() & colors, key=lambda name: (-totals[name], name)):
        most.setdefault(colors[name], name)
    return sorted(most.values())


def _bin_shares(observation: Observation) -> list[float]:
    """Of the responses, how many fall into each bin of the latency."""
    total = sum(one.count for one in observation.latencies)
    return [one.count / total for one in observation.latencies]


def _parts(part: Slice, named: Sequence[str], *, rest: bool) -> list[int]:
    """Responses of each named server, and with *rest* those of all others."""
    parts = [part.by_server.get(name, 0) for name in named]
    return [*parts, part.responses - sum(parts)] if rest else parts


def _columns(scale: _TimeScale, per_slice: Sequence[Sequence[int]], index: int) -> str:
    """The path of one series: in each slice a rectangle on top of those of the series before it."""
    path = []
    for at, parts in enumerate(per_slice):
        total = sum(parts)
        if not total or not parts[index]:
            continue
        left, right = scale.x(at), scale.x(at + 1)
        bottom = _height_y(sum(parts[:index]) / total)
        top = _height_y(sum(parts[: index + 1]) / total)
        path.append(f"M{left:.2f} {bottom:.2f}H{right:.2f}V{top:.2f}H{left:.2f}Z")
    return "".join(path)


def _failures(scale: _TimeScale, slices: Sequence[Slice]) -> str:
    middles = [scale.x(at + 0.5) for at, part in enumerate(slices) if part.errors]
    return "".join(f"M{x:.2f} {TOP - 8:.2f}V{TOP - 2:.2f}" for x in middles)


def _blind_path(scale: _TimeScale, times: Sequence[BlindTime]) -> str:
    middle = (TOP + BOTTOM) / 2
    return "".join(
        f"M{scale.second_x(begin):.2f} {middle:.2f}H{scale.second_x(end):.2f}" for begin, end in spans(times)
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


def _height_y(share: float) -> float:
    return BOTTOM - _size(share)


def _size(share: float) -> float:
    return share * (BOTTOM - TOP)
