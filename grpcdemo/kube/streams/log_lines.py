"""One line of a container's log with its timestamp, as the API sends it for `timestamps=true`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class LogLine:
    """One line, with the container runtime's timestamp."""

    time_ns: int
    """Nanoseconds since 1970."""
    text: str


def parse_line(raw: bytes) -> LogLine | None:
    """Parse an RFC 3339 timestamp, a space, and the text; None if *raw* has no timestamp. Never raises."""
    stamp, _, text = raw.decode(errors="replace").partition(" ")
    time_ns = parse_time_ns(stamp)
    return None if time_ns is None else LogLine(time_ns, text)


def parse_time_ns(stamp: str) -> int | None:
    """RFC 3339 to nanoseconds since 1970, or None. Python's datetime would cut them to microseconds."""
    whole, dot, rest = stamp.partition(".")
    if not dot:
        return _seconds(stamp)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    seconds = _seconds(whole + rest[digits:])
    return None if seconds is None else seconds + int(rest[:digits].ljust(9, "0")[:9] or 0)


def format_second(time_ns: int) -> str:
    """Nanoseconds since 1970 to RFC 3339, rounded down to the second."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=time_ns // SECOND_NS)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(stamp: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(parsed.timestamp()) * SECOND_NS if parsed.tzinfo else None
