"""Times as the API writes them: RFC 3339, UTC, whole seconds; and as it reads them, which others may have written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The time of what never was, such as the start of a container that could not be started."""
WRITTEN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
MINUTE, HOUR, DAY, YEAR = 60, 3_600, 86_400, 31_536_000
UNKNOWN = "<unknown>"


def write_time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_now(after_s: int = 0) -> str:
    """The time that is *after_s* seconds from now."""
    return write_time(datetime.now(timezone.utc) + timedelta(seconds=after_s))


def parse_time(text: str) -> datetime:
    """Raises ValueError. Python 3.10 by itself reads neither the Z nor fewer or more than six digits of a fraction."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no RFC 3339 time")
    whole, fraction, zone = found.groups()
    return datetime.fromisoformat(f"{whole}.{(fraction or '')[:6]:0<6}{'+00:00' if zone == 'Z' else zone}")


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
