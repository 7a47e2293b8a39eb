"""When to call next: at a steady rate while all is well, more and more slowly while it is not."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

BACKOFF_FIRST_S = 0.1
BACKOFF_CAP_S = 2.0


class Pace:
    """A steady *rate* of calls a second.

    Each call is due one interval after the one before was *due*, not after it was made, so that small
    delays do not add up. What is overdue is due now, and the schedule goes on from there, so that a stall
    is not made up for by a burst.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval_s = 1 / rate
        self._clock = clock
        self._due = clock()

    def next_delay_s(self) -> float:
        now = self._clock()
        self._due = max(self._due + self.interval_s, now)
        return self._due - now


class Backoff:
    """Delays that double up to a cap, shortened at random so that clients do not retry in step."""

    def __init__(self, *, jitter: Callable[[float, float], float] = random.uniform) -> None:
        self._jitter = jitter
        self.reset()

    def reset(self) -> None:
        self._longest_s = BACKOFF_FIRST_S

    def next_delay_s(self) -> float:
        delay_s = self._jitter(self._longest_s / 2, self._longest_s)
        self._longest_s = min(self._longest_s * 2, BACKOFF_CAP_S)
        return delay_s
