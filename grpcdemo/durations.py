"""Durations as kubectl writes them: `90s`, `3m`, `1h30m`. A plain number counts seconds."""

from __future__ import annotations

import re
from datetime import timedelta

import durationpy

LONGEST_S = 1e9
"""Thirty years: no log is older, and an API server can still count it."""
_SECONDS = re.compile(r"\d+(\.\d+)?")
_UNITS = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+")


def parse_duration(text: str) -> float:
    """In seconds. Raises ValueError."""
    if not (_SECONDS.fullmatch(text) or _UNITS.fullmatch(text)):
        raise ValueError(f"{text!r} is not a duration: write it like 90s, 3m, or 1h30m")
    try:
        seconds = float(text) if _SECONDS.fullmatch(text) else float(durationpy.from_str(text).total_seconds())
    except (OverflowError, durationpy.DurationError):  # too large to represent
        seconds = LONGEST_S + 1
    if seconds > LONGEST_S:
        raise ValueError("a duration must be shorter than thirty years")
    return seconds


def format_duration(seconds: float) -> str:
    return str(durationpy.to_str(timedelta(seconds=seconds))) if seconds else "0s"
