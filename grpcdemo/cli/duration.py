"""Durations as kubectl takes them: `90s`, `10m`, `1h30m`."""

from __future__ import annotations

import re

import typer

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST_S = 1e9
"""Thirty years: no log is older, and an API server can still count it."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parse_duration(text: str) -> float:
    """In seconds, more than none."""
    if not re.fullmatch(rf"(?:{_PART.pattern})+", text):
        raise typer.BadParameter(f"{text!r} is no duration; write it as 90s, 10m or 1h30m")
    seconds = sum(float(number) * SECONDS[unit] for number, unit in _PART.findall(text))
    if not 0 < seconds <= LONGEST_S:
        raise typer.BadParameter("name a duration above 0 and below thirty years, such as 90s, 10m or 1h30m")
    return seconds
