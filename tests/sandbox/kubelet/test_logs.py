"""Log files and their readers, without processes: the test sets each line and its time."""

import asyncio
import contextlib
import errno
import os
import resource
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.kubelet.log_file import LINE_LIMIT, LogFile, format_time
from grpcdemo.sandbox.kubelet.log_reader import CHUNK, read_log

from .machine import PATIENCE_S

SECOND_NS = 1_000_000_000
NOON_NS = int(datetime(2026, 1, 1, 12, tzinfo=timezone.utc).timestamp()) * SECOND_NS


async def read(source: LogFile, **options: Any) -> str:
    return b"".join([piece async for piece in read_log(source, LogOptions(**options))]).decode()


@pytest.fixture(params=[10_000_000])
def log(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LogFile]:
    """It is rotated after so many bytes."""
    with contextlib.closing(LogFile(tmp_path / "0.log", rotate_at=request.param)) as log:
        yield log


small = pytest.mark.parametrize("log", [200], indirect=True)


@pytest.fixture
def timed(tmp_path: Path) -> Iterator[LogFile]:
    """Four lines, a second apart, from noon on."""
    times = (NOON_NS + min(second, 3) * SECOND_NS for second in count())
    with contextlib.closing(LogFile(tmp_path / "0.log", clock=lambda: next(times))) as log:
        for second in range(4):
            log.write("stdout", f"line {second}\n".encode())
        yield log


def test_the_file_is_in_the_format_of_the_cri(timed: LogFile) -> None:
    timed.write("stderr", b"oh")
    timed.write("stderr", b" no\n")
    lines = timed.path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "2026-01-01T12:00:00.000000000Z stdout F line 0"
    assert lines[-1] == "2026-01-01T12:00:03.000000000Z stderr F oh no"


def test_times_in_their_order_are_texts_in_their_order() -> None:
    assert format_time(NOON_NS + 7) == "2026-01-01T12:00:00.000000007Z"


async def test_lines_with_and_without_timestamps(timed: LogFile) -> None:
    assert await read(timed) == "line 0\nline 1\nline 2\nline 3\n"
    assert (await read(timed, timestamps=True)).splitlines()[2] == "2026-01-01T12:00:02.000000000Z line 2"


async def test_an_incomplete_line_is_kept_when_the_container_ends(log: LogFile) -> None:
    log.write("stdout", b"last words")
    assert await read(log) == ""
    log.close()
    assert await read(log, follow=True) == "last words\n"


@pytest.mark.parametrize("size", [LINE_LIMIT, LINE_LIMIT + 1, 3 * LINE_LIMIT, 3 * CHUNK])
async def test_a_long_line_is_kept_in_parts_and_read_as_one(log: LogFile, size: int) -> None:
    line = "x" * size + "\n"
    log.write("stdout", line.encode())
    log.write("stdout", b"y" * size)
    log.write("stdout", b"\nshort\n")
    assert all(len(found) < LINE_LIMIT + 60 for found in log.path.read_bytes().splitlines())
    assert await read(log) == line + "y" * size + "\nshort\n"


async def test_a_part_by_time_drops_the_lines_before_it(timed: LogFile) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    assert await read(timed, since_time=noon + timedelta(seconds=2)) == "line 2\nline 3\n"
    assert await read(timed, since_time=noon + timedelta(seconds=2.5)) == "line 3\n"
    assert await read(timed, since_s=1) == "line 2\nline 3\n"


@pytest.mark.parametrize(("lines", "wanted"), [(0, 0), (1, 1), (3, 3), (4, 4), (99, 4)])
async def test_the_last_lines(timed: LogFile, lines: int, wanted: int) -> None:
    assert await read(timed, tail_lines=lines) == "".join(f"line {n}\n" for n in range(4 - wanted, 4))


async def test_the_last_lines_of_a_log_that_is_longer_than_a_piece(log: LogFile) -> None:
    written = [f"{number:0100}\n" for number in range(2000)]
    log.write("stdout", "".join(written).encode())
    assert await read(log, tail_lines=1500) == "".join(written[-1500:])


async def test_a_limit_of_bytes_cuts_where_it_is_reached(timed: LogFile) -> None:
    assert await read(timed, limit_bytes=10) == "line 0\nlin"
    assert await read(timed, limit_bytes=10, follow=True) == "line 0\nlin"


@contextlib.asynccontextmanager
async def following(source: LogFile, **options: Any) -> AsyncIterator[asyncio.Queue[str]]:
    """The pieces as they come."""
    pieces: asyncio.Queue[str] = asyncio.Queue()

    async def follow() -> None:
        async for piece in read_log(source, LogOptions(follow=True, **options)):
            pieces.put_nowait(piece.decode())
        pieces.put_nowait("the end")

    task = asyncio.create_task(follow())
    try:
        yield pieces
    finally:
        task.cancel()
        await asyncio.wait({task})


async def next_piece(pieces: asyncio.Queue[str]) -> str:
    return await asyncio.wait_for(pieces.get(), PATIENCE_S)


async def numbers(source: LogFile, **options: Any) -> list[int]:
    """The lines, of which each is a number."""
    return [int(line) for line in (await read(source, **options)).split()]


async def test_following_goes_on_until_the_container_has_ended(timed: LogFile) -> None:
    async with following(timed, tail_lines=1) as pieces:
        assert await next_piece(pieces) == "line 3\n"
        timed.write("stdout", b"one\n")
        assert await next_piece(pieces) == "one\n"
        timed.write("stdout", b"two\nthr")
        timed.write("stderr", b"four\n")
        assert await next_piece(pieces) == "two\nfour\n"
        timed.close()
        assert [await next_piece(pieces), await next_piece(pieces)] == ["thr\n", "the end"]


@small
async def test_rotation_keeps_one_old_file_and_a_reader_gets_both(log: LogFile) -> None:
    for number in range(8):  # two fill a file
        log.write("stdout", f"{number:070}\n".encode())
        if number == 6:
            assert await numbers(log) == [4, 5, 6]
    assert sorted(path.name for path in log.path.parent.iterdir()) == ["0.log", "0.log.1"]
    assert await numbers(log) == [6, 7]
    assert await numbers(log, tail_lines=1) == [7]


@small
async def test_a_follower_reads_each_line_once_over_rotations(log: LogFile) -> None:
    read_lines: list[int] = []
    async with following(log) as pieces:
        for number in range(200):
            log.write("stdout", f"{number}\n".encode())
            if number % 7 == 0:
                while not read_lines or read_lines[-1] != number:
                    read_lines += [int(line) for line in (await next_piece(pieces)).split()]
        log.close()
        while (piece := await next_piece(pieces)) != "the end":
            read_lines += [int(line) for line in piece.split()]
    assert read_lines == list(range(200))


async def test_a_slow_reader_holds_a_limited_number_of_bytes(tmp_path: Path) -> None:
    with (
        contextlib.closing(LogFile(tmp_path / "0.log", rotate_at=200, keep=1_000)) as small,
        contextlib.closing(small.open(follow=True)) as follower,
    ):
        for number in range(100):
            small.write("stdout", f"{number}\n".encode())
        assert 500 < sum(os.fstat(file.fileno()).st_size for file in follower.files) <= 1_000
        assert follower.read(1_000).splitlines()[0].endswith(b" F 0"), "what is being read is kept"


async def test_a_full_disk_loses_lines_and_stops_no_writer(log: LogFile, caplog: pytest.LogCaptureFixture) -> None:
    log._file.close()
    log._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, PTH123, ASYNC230  (the log closes it)
    log.write("stdout", b"one\n")
    log.write("stdout", b"two\n")
    log.close()
    assert caplog.text.count("No space left on device") == 1


async def test_a_line_that_does_not_fit_is_dropped_whole(log: LogFile, caplog: pytest.LogCaptureFixture) -> None:
    """A limit on the size of files cuts a write short, as a disk does that becomes full."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    log.write("stdout", b"one\n")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.path.stat().st_size + 10, unlimited[1]))
    try:
        log.write("stdout", b"two\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    log.write("stdout", b"three\n")
    assert await read(log) == "one\nthree\n"
    assert "cannot write" in caplog.text


@small
async def test_a_log_that_cannot_be_rotated_goes_on(log: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(type(log.path), "open", refuse)
        for number in range(10):
            log.write("stdout", f"{number}\n".encode())
    assert await numbers(log) == list(range(10))
    log.write("stdout", b"10\n")
    log.write("stdout", b"11\n")
    assert await numbers(log) == list(range(12))
    assert log.path.stat().st_size < 100
