"""What the plots have in common: the box that they are drawn in, and its axes.

The box is as narrow as a phone, so that its text is readable there, and is scaled up elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.model.observation import Observation

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 34.0, 376.0, 14.0, 164.0
FLAG_WIDTH, FLAG_HEIGHT = 25, 12
"""Room for the name of a percentile."""
MOST_ROWS = 10
"""Of the table behind a plot."""


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


def common_axes(observations: Sequence[Observation]) -> Axes:
    bins = [one for observation in observations for one in observation.latencies]
    return Axes(
        seconds=max((observation.timeline.seconds for observation in observations), default=0.0),
        low_ms=min((one.low_ms for one in bins), default=1.0),
        high_ms=max((one.high_ms for one in bins), default=1.0),
        most=max((max(bin_shares(observation), default=0.0) for observation in observations), default=0.0),
    )


def bin_shares(observation: Observation) -> list[float]:
    """Of the responses, how many fall into each bin of the latency."""
    total = sum(one.count for one in observation.latencies)
    return [one.count / total for one in observation.latencies]


def height_y(share: float) -> float:
    return BOTTOM - part_size(share)


def part_size(share: float) -> float:
    return share * (BOTTOM - TOP)
