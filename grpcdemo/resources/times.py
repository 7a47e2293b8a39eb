"""Times as the API writes and reads them, RFC 3339, and ages as kubectl prints them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The kubelet's time for what never happened, such as the start of a container that could not be started."""

RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "y": 365 * 86_400}
UNITS_BELOW = (
    (2, "m", "s"),
    (10, "m", "ms"),
    (3, "h", "m"),
    (8, "h", "hm"),
    (2, "d", "h"),
    (8, "d", "dh"),
    (2, "y", "d"),
    (8, "y", "yd"),
)
"""Below which age which units are shown, by `HumanDuration` in Kubernetes' apimachinery/pkg/util/duration."""


def write_time(moment: datetime) -> str:
    """In UTC and whole seconds, as `metav1.Time` marshals."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_now(after_s: int = 0) -> str:
    """The time *after_s* seconds from now."""
    return write_time(datetime.now(timezone.utc) + timedelta(seconds=after_s))


def parse_time(text: str) -> datetime:
    """Raises ValueError. Python 3.10's own parser takes no `Z`, and only three or six digits of a fraction."""
    match = RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    whole, fraction, zone = match.groups()
    return datetime.fromisoformat(f"{whole}.{(fraction or '')[:6]:0<6}{'+00:00' if zone == 'Z' else zone}")


def write_age(stamp: str | None, now: datetime) -> str:
    """The time from *stamp* to *now*."""
    return write_duration(int((now - parse_time(stamp)).total_seconds())) if stamp else "<unknown>"


def write_duration(seconds: int) -> str:
    """In at most two units: `42s`, `5m3s`, `3h`, `12d`."""
    if seconds < -1:
        return "<invalid>"
    rest = max(seconds, 0)
    units = next((units for count, unit, units in UNITS_BELOW if rest < count * SECONDS[unit]), "y")
    parts: list[str] = []
    for unit in units:
        count, rest = divmod(rest, SECONDS[unit])
        if count or not parts:
            parts.append(f"{count}{unit}")
    return "".join(parts)
