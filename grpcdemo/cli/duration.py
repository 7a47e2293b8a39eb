"""Durations as kubectl takes them: `90s`, `10m`, `1h30m`."""

from __future__ import annotations

import re

import typer

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parse_duration(text: str) -> float:
    """In seconds."""
    if not re.fullmatch(rf"(?:{_PART.pattern})+", text):
        raise typer.BadParameter(f"{text!r} is no duration; write it as 90s, 10m or 1h30m")
    return sum(float(number) * SECONDS[unit] for number, unit in _PART.findall(text))
