"""When to call next: at a steady rate, or with exponential backoff after failures."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

BACKOFF_FIRST_S = 0.1
BACKOFF_CAP_S = 2.0


class Pace:
    """A steady *rate* of calls a second.

    Each call is due one interval after the previous one was *due*, not made, so small delays do not add up. An overdue
    call is due now, and the schedule continues from there, so a stall is not followed by a burst.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval_s = 1 / rate
        self._clock = clock
        self._due = clock()

    def next_delay_s(self) -> float:
        """Seconds until the next call is due, which is then taken as made."""
        now = self._clock()
        self._due = max(self._due + self.interval_s, now)
        return self._due - now


class Backoff:
    """Delays that double up to a cap, with jitter so that clients do not retry in step."""

    def __init__(self, *, jitter: Callable[[float, float], float] = random.uniform) -> None:
        self._jitter = jitter
        self.reset()

    def reset(self) -> None:
        """Start over with the first delay."""
        self._longest_s = BACKOFF_FIRST_S

    def next_delay_s(self) -> float:
        """The next delay in seconds: a random one, from half of the current longest."""
        delay_s = self._jitter(self._longest_s / 2, self._longest_s)
        self._longest_s = min(self._longest_s * 2, BACKOFF_CAP_S)
        return delay_s
