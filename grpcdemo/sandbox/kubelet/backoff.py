"""How long a kubelet waits before it retries: twice as long each time, until some time passes without a retry."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_S = 10.0
LAST_S = 300.0


class Backoff:
    """The first *free* tries have no delay; after them it doubles, starting at *first_s*."""

    def __init__(
        self,
        *,
        first_s: float = FIRST_S,
        last_s: float = LAST_S,
        free: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._free = free
        self._clock = clock
        self._tries = 0
        self._latest = clock()

    def next_delay_s(self) -> float:
        now = self._clock()
        if now - self._latest > 2 * self._last_s:
            self._tries = 0
        self._latest = now
        self._tries += 1
        waits = self._tries - self._free - 1
        return 0.0 if waits < 0 else min(self._first_s * 2.0 ** min(waits, 30), self._last_s)


def format_delay(seconds: float) -> str:
    """As Go writes a duration: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:g}s"
