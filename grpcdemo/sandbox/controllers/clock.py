"""The controllers' clock: tests give them one that they can set forward."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Protocol


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """The time for controllers: aware datetimes in UTC, delays in seconds."""

    def now(self) -> datetime: ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer: ...


class WallClock:
    """The real time, on the running event loop."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay_s, callback)
