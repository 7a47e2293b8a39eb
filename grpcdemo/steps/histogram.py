"""How the latencies are distributed: counts in bins of equal width on a logarithmic axis, of a fixed number.

Percentiles alone hide whether there are two humps, such as with and without a proxy in between.
"""

from __future__ import annotations

import math

from grpcdemo.model import LatencyBin

LEAST_MS = 0.01
MOST_MS = 100_000.0
PER_DECADE = 10
BINS = round(math.log10(MOST_MS / LEAST_MS)) * PER_DECADE


class Histogram:
    """What is below or above the axis is counted in its first or last bin."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._counts = [0] * BINS

    def add(self, latency_ms: float, count: int = 1) -> None:
        at = math.floor(math.log10(max(latency_ms, LEAST_MS) / LEAST_MS) * PER_DECADE)
        self._counts[min(at, BINS - 1)] += count

    def bins(self) -> tuple[LatencyBin, ...]:
        """From the first bin that is not empty to the last."""
        used = [index for index, count in enumerate(self._counts) if count]
        if not used:
            return ()
        return tuple(
            LatencyBin(_edge(index), _edge(index + 1), self._counts[index]) for index in range(used[0], used[-1] + 1)
        )


def _edge(index: int) -> float:
    return float(LEAST_MS * 10 ** (index / PER_DECADE))
