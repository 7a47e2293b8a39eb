"""The probe: what its lines tell, and when it ends."""

import asyncio
from collections.abc import Iterator

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.workload.inet_diag import Connection
from grpcdemo.workload.probe import Counts, Options, Tally, format_counts, parse_counts, parse_options, probe

FAST_S = 0.001
"""In place of half a second."""


def connection(number: int, segments: int, *, remote: str = "10.0.0.7", local: str = "10.0.0.1") -> Connection:
    return Connection((number, 0), local, remote, segments)


async def lines_of(reads: Iterator[list[Connection]], options: Options) -> list[Counts | None]:
    lines: list[str] = []
    await probe(options, asyncio.Event(), lines.append, read=lambda _: next(reads), every_s=FAST_S)
    return [parse_counts(line) for line in lines]


async def test_it_tells_what_has_come_since_its_first_line_and_ends() -> None:
    reads = iter([[connection(1, 500)], [connection(1, 520)], [connection(1, 530)], []])
    counts = [line for line in await lines_of(reads, Options(50051, None, 3)) if line]
    assert [one.segments for one in counts] == [{"10.0.0.7": 0}, {"10.0.0.7": 20}, {"10.0.0.7": 30}]
    times = [one.time_s for one in counts]
    assert times == sorted({*times})


async def test_of_several_addresses_on_this_machine_only_the_server_s_counts() -> None:
    mine, other = connection(1, 1), connection(2, 1, remote="10.0.0.8", local="10.0.0.2")
    (line,) = await lines_of(iter([[mine, other]]), Options(50051, "10.0.0.1", 1))
    assert line
    assert [*line.segments] == ["10.0.0.7"]


def test_connections_of_one_caller_add_up_and_what_is_closed_stays_counted() -> None:
    tally = Tally()
    tally.add([connection(1, 5), connection(2, 10)])
    tally.add([connection(1, 7), connection(2, 11)])
    tally.add([connection(1, 8)])
    assert tally.segments == {"10.0.0.7": 4}


def test_what_was_not_there_at_the_reading_before_does_not_count_yet() -> None:
    tally = Tally()
    tally.add([])
    tally.add([connection(1, 3)])
    assert tally.segments == {"10.0.0.7": 0}
    tally.add([connection(1, 4)])
    assert tally.segments == {"10.0.0.7": 1}


async def test_a_kernel_that_does_not_tell_is_an_error() -> None:
    def refuse(_: int) -> list[Connection]:
        raise PermissionError(1, "Operation not permitted")

    with pytest.raises(GrpcdemoError, match="cannot read the connections: Operation not permitted"):
        await probe(Options(50051, None, 1), asyncio.Event(), print, read=refuse, every_s=FAST_S)


async def test_a_signal_ends_it() -> None:
    stop = asyncio.Event()
    stop.set()
    await probe(Options(50051, None, 1), stop, print, read=lambda _: pytest.fail("it still reads"))


@pytest.mark.parametrize("segments", [{}, {"10.0.0.7": 3}, {"10.0.0.7": 3, "fd00::7": 12}])
def test_a_line_is_read_as_it_was_written(segments: dict[str, int]) -> None:
    assert parse_counts(format_counts(1_764_464_400, 2, segments)) == Counts(1_764_464_400, segments)


def test_another_line_is_no_count() -> None:
    assert parse_counts("error: cannot read the connections") is None


def test_its_options_come_from_the_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("READS", "7")
    assert parse_options([]) == Options(8080, None, 7)
