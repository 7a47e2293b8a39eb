"""Times as the API writes them: RFC 3339, UTC, whole seconds; and as it reads them, which others may have written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The time of what never was, such as the start of a container that could not be started."""
WRITTEN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


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
