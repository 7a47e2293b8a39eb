"""The plot of the shares over time: a column for each slice, with the servers stacked in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.model.observation import OTHERS, BlindTime, Observation, Slice, Timeline, clipped, spans, total_s
from grpcdemo.views.glyphs import regroup
from grpcdemo.views.palette import Color, server_colors
from grpcdemo.views.plots.box import BOTTOM, LEFT, MOST_ROWS, RIGHT, TOP, Axes, Tick, height_y
from grpcdemo.views.pods import short_names

MOST_SLICES = 120
MOST_TICKS = 6
REST = "others"
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800)


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


def _with_distinct_colors(observation: Observation) -> list[str]:
    """The server pods that answered; of those that share a color, the one that answered most."""
    totals, colors = observation.timeline.by_server(), server_colors(observation)
    most: dict[Color, str] = {}
    for name in sorted(totals.keys() & colors, key=lambda name: (-totals[name], name)):
        most.setdefault(colors[name], name)
    return sorted(most.values())


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
        bottom = height_y(sum(parts[:index]) / total)
        top = height_y(sum(parts[: index + 1]) / total)
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
