"""The call log: what is written is read back, and nothing else is taken for a call."""

from __future__ import annotations

import math
from dataclasses import replace

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.workload.call_log import LINE_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, Call, format_call, parse_call

OK = Call(17, "OK", "grpc-server-7d4b9c-x2x8k", "10.244.0.7", 0.84, None)
OK_LINE = "seq=17 code=OK pod=grpc-server-7d4b9c-x2x8k pod_ip=10.244.0.7 latency_ms=0.84"
ERROR = Call(18, "UNAVAILABLE", None, None, 1.2, "connection refused")
ERROR_LINE = 'seq=18 code=UNAVAILABLE latency_ms=1.20 message="connection refused"'

any_text = st.text(st.characters())  # lone surrogates too, which st.text() leaves out
calls = st.builds(
    Call,
    seq=st.integers(1, 10**15 - 1),
    code=st.sampled_from([status.name for status in grpc.StatusCode]),
    pod=st.none() | any_text | st.from_regex(r"[a-z0-9][a-z0-9.-]{0,60}", fullmatch=True),
    pod_ip=st.none() | any_text | st.ip_addresses().map(str),
    latency_ms=st.floats(0, 10**9 - 1),
    message=st.none() | any_text,
)
lines = calls.map(format_call)


@pytest.mark.parametrize(("call", "line"), [(OK, OK_LINE), (ERROR, ERROR_LINE)])
def test_the_two_kinds_of_line(call: Call, line: str) -> None:
    assert format_call(call) == line
    assert parse_call(line) == call


@given(calls)
def test_a_call_survives_being_written_and_read(call: Call) -> None:
    read = parse_call(format_call(call))
    assert read == replace(call, latency_ms=round(call.latency_ms, 2))


@given(lines)
def test_a_line_is_printable_ascii(line: str) -> None:
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("hostile", ["\x1b" * 10_000, "\U0001f600" * 10_000])
def test_the_longest_line_is_bounded_and_can_be_read(hostile: str) -> None:
    line = format_call(Call(10**15 - 1, "UNAVAILABLE", hostile, hostile, 10**9 - 1, hostile))
    assert len(line) <= LINE_LIMIT
    call = parse_call(line)
    assert call
    assert call.pod == call.pod_ip == hostile[:NAME_LIMIT]
    assert call.message == hostile[: MESSAGE_LIMIT - 3] + "..."


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_end_of_a_line_may_still_be_on_it(end: str) -> None:
    assert parse_call(OK_LINE + end) == OK


@pytest.mark.parametrize(
    "line",
    [
        "",
        "event=listening port=50051 pod=vm pod_ip=127.0.0.1 node=vm",
        f" {OK_LINE}",
        f"{OK_LINE} ",
        f"{OK_LINE}\n\n",
        f"{OK_LINE}\n{OK_LINE}",
        OK_LINE[:-1],
        OK_LINE.replace("seq=17", "seq=0"),
        OK_LINE.replace("seq=17", "seq=-17"),
        OK_LINE.replace("seq=17", "seq=017"),
        OK_LINE.replace("seq=17", "seq=17.0"),
        OK_LINE.replace("seq=17", "seq=٣"),
        OK_LINE.replace("seq=17", f"seq={'9' * 5000}"),
        OK_LINE.replace("0.84", "-0.84"),
        OK_LINE.replace("0.84", "nan"),
        OK_LINE.replace("0.84", "inf"),
        OK_LINE.replace("0.84", "1e9"),
        OK_LINE.replace("0.84", f"{'9' * 400}.00"),
        OK_LINE.replace("code=OK", "code=ok"),
        OK_LINE.replace("10.244.0.7", "10.244.0.7\x1b[31m"),
        ERROR_LINE.replace("refused", "refused\x1b[31m"),
        ERROR_LINE.replace("refused", r"refused\x"),
        ERROR_LINE.replace("refused", r"refused\u12"),
        ERROR_LINE[:-1],
        ERROR_LINE.replace("refused", "refused" * LINE_LIMIT),
    ],
)
def test_any_other_line_is_no_call(line: str) -> None:
    assert parse_call(line) is None


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A line of ours, of which some part has been replaced by some text."""
    line = draw(lines)
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(line))] * 2)))
    return line[:start] + draw(any_text | st.sampled_from(['"', "\\", "\\u", "-", "0"])) + line[end:]


@given(any_text | damaged())
def test_reading_never_raises_and_never_returns_nonsense(line: str) -> None:
    call = parse_call(line)
    if call is not None:
        assert call.seq >= 1
        assert math.isfinite(call.latency_ms)
        assert call.latency_ms >= 0
        assert parse_call(format_call(call)) is not None
