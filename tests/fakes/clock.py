"""A clock for controllers that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone


class ManualClock:
    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.timers: list[ManualTimer] = []

    def now(self) -> datetime:
        return self._now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(self._now + timedelta(seconds=delay_s), callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        due = [timer for timer in self.timers if timer.due <= self._now]
        self.timers = [timer for timer in self.timers if timer.due > self._now]
        for timer in due:
            if not timer.cancelled:
                timer.callback()


class ManualTimer:
    def __init__(self, due: datetime, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
