"""Durations as kubectl writes them, in and out."""

import pytest

from grpcdemo.durations import LONGEST_S, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("3m", 180),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("90", 90),
        ("0.5", 0.5),
        ("0", 0),
        ("0s", 0),
        ("1000000000s", LONGEST_S),
    ],
)
def test_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "s", "1h30", "-1", "-1s", "1d", "5s 5s", "5s,5s", " 5s", "1e3", "nan", "inf", "1.2.3s", "1000000001s"),
        "9" * 30,
        "9" * 30 + "h",
        "9" * 400 + "s",
    ],
)
def test_what_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.02, "20ms"), (3, "3s"), (1.5, "1.5s"), (90, "1m30s"), (180.0, "3m"), (5400, "1h30m")],
)
def test_a_duration_in_words(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds
