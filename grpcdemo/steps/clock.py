"""How far this machine's clock is from the cluster's, by which logs are written."""

from __future__ import annotations

from grpcdemo.durations import format_duration

CLOSE_S = 2.0
"""How far clocks may differ without a word: the API server tells whole seconds, and its answer takes time."""


def describe_clocks(ahead_s: float) -> str | None:
    """How the clocks differ if the cluster's is *ahead_s* seconds ahead; None if they hardly do."""
    if abs(ahead_s) <= CLOSE_S:
        return None
    words = "behind" if ahead_s > 0 else "ahead of"
    return f"this machine's clock is {format_duration(round(abs(ahead_s)))} {words} the cluster's"
