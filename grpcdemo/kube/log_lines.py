"""One line of a container's log as `timestamps=true` sends it, and its time, exact to the nanosecond."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class LogLine:
    """One line and the time that the container runtime gave it, in nanoseconds since 1970."""

    time_ns: int
    text: str


def parse_line(raw: bytes) -> LogLine | None:
    """A line as `timestamps=true` sends it: the time in RFC 3339 with nanoseconds, a space, the text."""
    stamp, _, text = raw.decode(errors="replace").partition(" ")
    time_ns = parse_time_ns(stamp)
    return None if time_ns is None else LogLine(time_ns, text)


def parse_time_ns(stamp: str) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 time, which Python's own datetime would cut to microseconds."""
    whole, dot, rest = stamp.partition(".")
    if not dot:
        return _seconds(stamp)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    seconds = _seconds(whole + rest[digits:])
    return None if seconds is None else seconds + int(rest[:digits].ljust(9, "0")[:9] or 0)


def format_second(time_ns: int) -> str:
    """RFC 3339, cut to the second."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=time_ns // SECOND_NS)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(stamp: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(parsed.timestamp()) * SECOND_NS if parsed.tzinfo else None
