"""The call log: what is written is read back, and nothing else is taken for a call."""

import math
import random
import tracemalloc
from dataclasses import replace

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.workload.call_log import (
    LINE_LIMIT,
    MESSAGE_LIMIT,
    NAME_LIMIT,
    REMEMBERED,
    Call,
    format_call,
    parse_calls,
)
from grpcdemo.workload.logfmt import parse_printable, quote
from tests.tiers import exhaustive

from .call_line import parse_call

OK = Call(17, "OK", "grpc-server-7d4b9c-x2x8k", "10.244.0.7", 0.84, None)
OK_LINE = "seq=17 code=OK pod=grpc-server-7d4b9c-x2x8k pod_ip=10.244.0.7 latency_ms=0.84"
ERROR = Call(18, "UNAVAILABLE", None, None, 1.2, "connection refused")
ERROR_LINE = 'seq=18 code=UNAVAILABLE latency_ms=1.20 message="connection refused"'

any_text = st.text(st.characters())  # lone surrogates too, which st.text() leaves out
printable = any_text.filter(str.isprintable)
ips = st.ip_addresses().map(str)
names = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,60}", fullmatch=True)


def calls_with(
    pod: st.SearchStrategy[str], pod_ip: st.SearchStrategy[str], message: st.SearchStrategy[str]
) -> st.SearchStrategy[Call]:
    return st.builds(
        Call,
        seq=st.integers(1, 10**15 - 1),
        code=st.sampled_from([status.name for status in grpc.StatusCode]),
        pod=st.none() | pod,
        pod_ip=st.none() | pod_ip,
        latency_ms=st.floats(0, 10**9 - 1),
        message=st.none() | message,
    )


calls = calls_with(any_text | names, any_text | ips, any_text)
lines = calls.map(format_call)


@pytest.mark.parametrize(("call", "line"), [(OK, OK_LINE), (ERROR, ERROR_LINE)])
def test_the_two_kinds_of_line(call: Call, line: str) -> None:
    assert format_call(call) == line
    assert parse_call(line) == call


@given(calls_with(printable, ips, printable))
def test_a_call_survives_being_written_and_read(call: Call) -> None:
    read = parse_call(format_call(call))
    answered_by = call.pod or None if call.code == "OK" else None
    assert read == replace(call, pod=answered_by, latency_ms=round(call.latency_ms, 2))


@given(calls)
def test_what_is_read_can_be_shown_on_any_terminal(call: Call) -> None:
    read = parse_call(format_call(call))
    assert read
    for text in (read.pod, read.pod_ip, read.message):
        assert text is None or text.isprintable()


def test_escape_codes_stay_escaped() -> None:
    read = parse_call(format_call(Call(1, "OK", "\x1b[2Ja\u202e", "\x07", 1.0, "two\nlines")))
    assert read == Call(1, "OK", r'"\u001b[2Ja\u202e"', r'"\u0007"', 1.0, r'"two\nlines"')


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
    assert call.pod_ip == parse_printable(quote(hostile[:NAME_LIMIT]))
    assert call.message == parse_printable(quote(hostile[: MESSAGE_LIMIT - 3] + "..."))


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
        OK_LINE.replace("code=OK", "code=OKAY"),
        ERROR_LINE.replace("UNAVAILABLE", "NO_SUCH_CODE"),
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


def test_a_line_that_is_too_long_is_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(1000):
            line = ERROR_LINE.replace("refused", "x" * LINE_LIMIT + str(number))
            assert parse_call(line) is None
        assert tracemalloc.get_traced_memory()[0] < 100 * LINE_LIMIT
    finally:
        tracemalloc.stop()


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A line with some part replaced by some text."""
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


STAMP = b"2026-05-04T10:11:12.123456789Z"


def one_by_one(texts: list[bytes]) -> list[Call]:
    """The calls in *texts*, each parsed as the line that it is."""
    calls_or_none = [parse_call(line.decode(errors="replace")) for text in texts for line in text.split(b"\n")[:1]]
    return [call for call in calls_or_none if call]


def together(texts: list[bytes]) -> list[Call]:
    """The calls in *texts*, parsed as one piece of log."""
    seqs, results = parse_calls(b"".join(STAMP + b" " + text + b"\n" for text in texts))
    return [
        Call(seq, result.code, result.pod, result.pod_ip, result.latency_ms, result.message)
        for seq, result in zip(seqs, results, strict=True)
    ]


@given(st.lists(st.binary() | lines.map(str.encode) | damaged().map(lambda text: text.encode(errors="replace"))))
def test_a_piece_of_log_holds_the_calls_of_its_lines(texts: list[bytes]) -> None:
    assert together(texts) == one_by_one(texts)


@pytest.mark.parametrize("number", [2_500, exhaustive(25_000)])
def test_no_mutation_of_a_true_line_is_read_differently_in_a_piece(number: int) -> None:
    """Bytes are changed, left out, doubled and put in, one to five of them in each line."""
    dice = random.Random(20260504)
    true = [OK_LINE.encode(), ERROR_LINE.encode(), rb'seq=9 code=OK pod="\u001b[0m" pod_ip="a b" latency_ms=7.00']
    texts = [mutated(dice, dice.choice(true)) for _ in range(number)]
    expected = one_by_one(texts)
    assert number / 25 < len(expected) < number * 0.8, "some mutations must leave a call"
    assert together(texts) == expected


def mutated(dice: random.Random, line: bytes) -> bytes:
    data = bytearray(line)
    for _ in range(dice.randint(1, 5)):
        at = dice.randrange(len(data))
        some = bytes([dice.choice([dice.randrange(256), *b'\n\r\x1b"\\ =09u'])])
        match dice.randrange(4):
            case 0:
                data[at : at + 1] = some
            case 1:
                del data[at : at + dice.randint(1, 4)]
            case 2:
                data[at:at] = data[max(0, at - 6) : at] or b"0"
            case _:
                data[at:at] = some
    return bytes(data)


@pytest.mark.parametrize(("code", "pod"), [("OK", "a"), ("OK", None), ("OK", ""), ("UNAVAILABLE", "a")])
def test_only_a_pod_that_answered_is_one(code: str, pod: str | None) -> None:
    read = parse_call(format_call(Call(1, code, pod, None, 1.0, None)))
    assert read
    assert read.pod == ("a" if (code, pod) == ("OK", "a") else None)


def test_equal_lines_share_their_result() -> None:
    lines = [OK_LINE.encode(), OK_LINE.replace("17", "18").encode()]
    seqs, (first, second) = parse_calls(b"".join(STAMP + b" " + line + b"\n" for line in lines))
    assert seqs == [17, 18]
    assert first is second


def test_results_that_all_differ_fill_no_memory() -> None:
    def parse(first: int) -> int:
        """Parse so many lines; the memory that is used then."""
        lines = [OK_LINE.replace("0.84", f"{number}.00").encode() for number in range(first, first + REMEMBERED)]
        assert len(parse_calls(b"".join(STAMP + b" " + line + b"\n" for line in lines)).seqs) == REMEMBERED
        del lines
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = parse(1_000_000)
        assert parse(2_000_000) < before + 500_000
    finally:
        tracemalloc.stop()
