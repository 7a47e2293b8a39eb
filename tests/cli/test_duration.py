"""Durations as kubectl takes them."""

from __future__ import annotations

import pytest
import typer

from grpcdemo.cli.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5m", 90), ("250ms", 0.25)]
)
def test_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1d", "1 m", "1m 30s", "1h-1m", "10sx"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "0.0m0s", "999999h", f"{'9' * 400}s"])
def test_no_time_at_all_and_more_than_any_log_has(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="above 0 and below thirty years"):
        parse_duration(text)
