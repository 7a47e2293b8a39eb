"""The times that a container runtime writes before each line of a log."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.kube.streams.log_lines import LogLine, parse_line, parse_time_ns

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("stamp", "time_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.000000001Z", SECOND + 1),
        ("1970-01-01T00:00:01.5Z", SECOND + SECOND // 2),  # Go trims zeros at the end
        ("1970-01-01T00:00:01.120Z", SECOND + 120_000_000),
        ("1970-01-01T02:00:01.25+02:00", SECOND + SECOND // 4),
        ("1969-12-31T18:30:01.000000007-05:30", SECOND + 7),
        ("2026-05-04T10:11:12.123456789Z", 1_777_889_472 * SECOND + 123_456_789),
        ("2026-05-04T10:11:12.1234567891Z", 1_777_889_472 * SECOND + 123_456_789),
    ],
)
def test_a_time_is_exact_to_the_nanosecond(stamp: str, time_ns: int) -> None:
    assert parse_time_ns(stamp) == time_ns


@pytest.mark.parametrize("stamp", ["", "seq=1", "2026-05-04", "2026-05-04T10:11:12", "2026-05-04T10:11:12.5", ".", "Z"])
def test_what_is_no_time_is_none(stamp: str) -> None:
    assert parse_time_ns(stamp) is None


@given(
    st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.?[0-9]{0,12}(Z|[+-][0-9:]{0,9})", fullmatch=True)
)
def test_no_text_is_too_strange_for_a_time(text: str) -> None:
    parse_time_ns(text)


@given(st.binary())
def test_no_bytes_are_too_strange_for_a_line(raw: bytes) -> None:
    parse_line(raw)


@given(st.datetimes(), st.integers(0, SECOND - 1))
def test_times_are_in_the_order_of_their_texts(moment: datetime, nanos: int) -> None:
    whole = f"{moment:%Y-%m-%dT%H:%M:%S}".zfill(19)
    later = parse_time_ns(f"{whole}.{nanos:09d}Z")
    plain = parse_time_ns(f"{whole}Z")
    assert later is not None
    assert plain is not None
    assert later - plain == nanos


def test_a_line_is_its_time_and_its_text() -> None:
    assert parse_line(b"1970-01-01T00:00:00.000000003Z seq=1 code=OK") == LogLine(3, "seq=1 code=OK")
    assert parse_line(b"1970-01-01T00:00:00Z ") == LogLine(0, "")
    assert parse_line(b"1970-01-01T00:00:00Z  two") == LogLine(0, " two")
    assert parse_line(b"failed to watch the log file") is None
