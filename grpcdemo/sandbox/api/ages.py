"""How old something is, in as few letters as kubectl's columns have for it: `42s`, `5m3s`, `3h`, `12d`, `2y`."""

from __future__ import annotations

from datetime import datetime

from grpcdemo.sandbox.api.times import parse_time

MINUTE, HOUR, DAY, YEAR = 60, 3_600, 86_400, 31_536_000
UNKNOWN = "<unknown>"


def write_age(stamp: str | None, now: datetime) -> str:
    """The time from *stamp*, as the API writes it, to *now*."""
    if not stamp:
        return UNKNOWN
    return write_duration(int((now - parse_time(stamp)).total_seconds()))


def write_duration(seconds: int) -> str:
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    if seconds < 2 * MINUTE:
        return f"{seconds}s"
    if seconds < 10 * MINUTE:
        return _two(seconds, MINUTE, "m", 1, "s")
    if seconds < 3 * HOUR:
        return f"{seconds // MINUTE}m"
    if seconds < 8 * HOUR:
        return _two(seconds, HOUR, "h", MINUTE, "m")
    if seconds < 2 * DAY:
        return f"{seconds // HOUR}h"
    if seconds < 8 * DAY:
        return _two(seconds, DAY, "d", HOUR, "h")
    if seconds < 2 * YEAR:
        return f"{seconds // DAY}d"
    if seconds < 8 * YEAR:
        return _two(seconds, YEAR, "y", DAY, "d")
    return f"{seconds // YEAR}y"


def _two(seconds: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large}{large_unit}{rest}{small_unit}" if rest else f"{seconds // large}{large_unit}"
