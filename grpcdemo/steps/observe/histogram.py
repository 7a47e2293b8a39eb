"""How latencies are distributed: counts in logarithmic bins, each 1% wide.

Percentiles come from these fine bins. For display, the bins of each tenth of a decade are added up: percentiles
alone hide whether there are two humps, such as with and without a proxy in between.
"""

from __future__ import annotations

import collections
import math

from grpcdemo.model.observation import LatencyBin

LEAST_MS = 0.01
MOST_MS = 100_000.0
"""The edges of the displayed bins. What lies beyond is displayed in the first or last one."""
PER_DECADE = 10
"""Displayed bins."""
FINE = 24
"""Fine bins in each of them."""
BINS = round(math.log10(MOST_MS / LEAST_MS)) * PER_DECADE
_WIDTH = 10 ** (1 / (PER_DECADE * FINE))
ACCURACY = (_WIDTH - 1) / (_WIDTH + 1)
"""A quantile differs from the true one by this share at most, half a percent."""
_ZERO = -1
"""The fine bin of all that is below LEAST_MS, which the call log rounds to zero."""


class Histogram:
    """Holds one counter for each fine bin that is in use, at most a few thousand."""

    def __init__(self) -> None:
        self._counts: collections.Counter[int] = collections.Counter()

    def add(self, latency_ms: float, count: int = 1) -> None:
        """Count *count* responses that each took *latency_ms*, zero or more."""
        fine = math.floor(math.log10(latency_ms / LEAST_MS) * PER_DECADE * FINE) if latency_ms >= LEAST_MS else _ZERO
        self._counts[fine] += count

    def bins(self) -> tuple[LatencyBin, ...]:
        """The displayed bins, from the first that is not empty to the last."""
        counts: collections.Counter[int] = collections.Counter()
        for fine, count in self._counts.items():
            counts[min(max(0, fine // FINE), BINS - 1)] += count
        if not counts:
            return ()
        return tuple(
            LatencyBin(_edge(index), _edge(index + 1), counts[index]) for index in range(min(counts), max(counts) + 1)
        )

    def quantile_ms(self, share: float) -> float:
        """The latency that *share* (0 to 1) of the responses do not exceed. Raises ValueError if there are none."""
        left = share * (self._counts.total() - 1)
        for fine in sorted(self._counts):
            left -= self._counts[fine]
            if left < 0:
                return 0.0 if fine == _ZERO else LEAST_MS * _WIDTH**fine * (1 + ACCURACY)
        raise ValueError("there are no responses")


def _edge(index: int) -> float:
    return float(LEAST_MS * 10 ** (index / PER_DECADE))
