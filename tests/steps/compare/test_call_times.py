"""A client's log with its times."""

import pytest

from grpcdemo.steps.compare.call_times import read_client_log
from grpcdemo.workload.call_log import Call, format_call
from grpcdemo.workload.cures.connections import Connections, format_connections

CALL = Call(1, "OK", "grpc-server-a", "10.0.0.1", 0.5, None)


def line(second: int, text: str) -> bytes:
    return f"2026-01-01T00:00:{second:02}.250000000Z {text}\n".encode()


def numbered(seq: int) -> str:
    return format_call(Call(seq, "OK", "grpc-server-a", "10.0.0.1", 0.5, None))


def test_calls_and_connections_with_their_times() -> None:
    log = b"".join(
        [
            line(0, "event=calling target=x"),
            line(1, numbered(1)),
            line(2, format_connections(Connections(3, 2))),
            line(3, format_call(Call(2, "UNAVAILABLE", None, None, 0.5, "gone"))),
        ]
    )
    read = read_client_log("c", log, read_at=1767225604.0)
    assert [call.at - 1767225600 for call in read.calls] == [1.25, 3.25]
    assert [call.answered for call in read.calls] == [True, False]
    assert [(at - 1767225600, opened) for at, opened in read.connections] == [(2.25, Connections(3, 2))]
    assert read.first_answer == read.calls[0].at
    assert read.ahead_s == pytest.approx(0.75)
    assert read.missed == 0


def test_calls_that_are_missing_are_counted() -> None:
    log = line(1, numbered(3)) + line(2, numbered(4)) + line(3, numbered(9))
    assert read_client_log("c", log, read_at=0.0).missed == 2 + 4


def test_an_empty_log() -> None:
    read = read_client_log("c", b"", read_at=5.0)
    assert (read.calls, read.first_answer, read.ahead_s) == ([], None, 0.0)
