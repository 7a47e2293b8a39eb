"""How much one thing differs from another, measured in pairs: the mean difference, and how certain it is.

The interval is Student's t over the pairs. Both measurements of a pair were made one right after the other, so what
else the machine does changes both and cancels out; what is left varies from pair to pair, and t is the interval for
the mean of a few values whose spread is not known. A bootstrap would be too narrow: of three pairs it draws ten
different samples at most. With one pair there is no interval, because nothing tells how much a second one would vary.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
"""Of so many intervals, this share holds the true mean."""
QUANTILES = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t at 97.5%, by degrees of freedom from 1 on."""
MOST_PAIRS = len(QUANTILES) + 1


@dataclass(frozen=True)
class Difference:
    """The mean of the differences, and how far from the true mean it hardly is."""

    mean: float
    margin: float | None
    """Half of the interval; None for a single pair."""
    pairs: int

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.margin is not None and abs(self.mean) > self.margin


def mean_difference(differences: Sequence[float]) -> Difference | None:
    """The interval for the mean of *differences*, one for each pair, MOST_PAIRS at most; None without any."""
    count = len(differences)
    if not count:
        return None
    mean = statistics.fmean(differences)
    if count == 1:
        return Difference(mean, None, 1)
    return Difference(mean, QUANTILES[count - 2] * statistics.stdev(differences) / math.sqrt(count), count)
