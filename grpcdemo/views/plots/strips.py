"""One strip for each cure: who answered over time, while the servers changed. All strips have the same axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.model.comparison import Course, CureResult
from grpcdemo.model.observation import Observation, Tally
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.views.plots.box import LEFT, RIGHT, Axes, Tick
from grpcdemo.views.plots.shares import SharesPlot, shares_plot


@dataclass(frozen=True)
class Strip:
    """One cure through its events."""

    cure: CureResult
    plot: SharesPlot
    marks: list[Tick]
    """Where the events began, with their names."""
    events: list[str]
    """When each began, in words."""


def strips(cures: Sequence[CureResult]) -> list[Strip]:
    """Of the cures that were measured while their servers changed."""
    courses = [(cure, cure.course) for cure in cures if cure.course and cure.course.timeline.slices]
    seconds = max((course.timeline.seconds for _, course in courses), default=0.0)
    axes = Axes(seconds=seconds, low_ms=1.0, high_ms=1.0, most=0.0)
    plots = [(cure, course, shares_plot(_observation(course), axes)) for cure, course in courses]
    return [
        Strip(cure, plot, _marks(course, seconds), [f"{event.value} at {at:.0f} s" for event, at in course.marks])
        for cure, course, plot in plots
        if plot
    ]


def _marks(course: Course, seconds: float) -> list[Tick]:
    return [Tick(round(LEFT + at / seconds * (RIGHT - LEFT), 2), event.value) for event, at in course.marks]


def _observation(course: Course) -> Observation:
    """The timeline alone, with its pods in the order in which they answered first."""
    appeared = tuple(dict.fromkeys(name for part in course.timeline.slices for name in sorted(part.by_server)))
    nothing = Verdict(Outcome.INCONCLUSIVE, "")
    return Observation((), (), Tally(), nothing, timeline=course.timeline, appeared=appeared)
