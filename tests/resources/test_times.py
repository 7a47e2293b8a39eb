"""RFC 3339 times, and ages as kubectl prints them."""

from grpcdemo.resources.times import parse_time, write_duration

AGES = {
    0: "0s",
    119: "119s",
    120: "2m",
    125: "2m5s",
    600: "10m",
    10_799: "179m",
    10_800: "3h",
    11_160: "3h6m",
    28_800: "8h",
    172_799: "47h",
    172_800: "2d",
    180_000: "2d2h",
    700_000: "8d",
    63_072_000: "2y",
    70_000_000: "2y80d",
    400_000_000: "12y",
    -5: "<invalid>",
}


def test_ages() -> None:
    assert {seconds: write_duration(seconds) for seconds in AGES} == AGES


def test_times_with_any_fraction() -> None:
    assert parse_time("2026-01-02T03:04:05Z") < parse_time("2026-01-02T03:04:05.123456789Z")
    assert parse_time("2026-01-02T05:04:05+02:00") == parse_time("2026-01-02T03:04:05Z")
    assert parse_time("2026-01-02T05:04:05.5+02:00") == parse_time("2026-01-02T03:04:05.500Z")
