"""Reading logs: against awk, at a high rate, from many clients at once, and for as long as an hour. No cluster."""

import asyncio
import os
import resource
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from grpcdemo.kube.streams.lines import whole_lines
from grpcdemo.kube.streams.log_position import Position
from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.steps.observe.call_reader import CallReader
from grpcdemo.steps.observe.window import Window
from tests.bench.log_server import log_lines, log_server
from tests.bench.ratio import Work, command, median_ratio, report
from tests.fakes.script import connected_to

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

LINES = 500_000
CHUNK = 64 * 1024


@asynccontextmanager
async def observing(server: str, folder: Path) -> AsyncIterator[AsyncIterator[Observation]]:
    async with connected_to(server, folder) as api:
        seen = observe(api, ObserveConfig())
        assert isinstance(seen, AsyncGenerator)
        async with aclosing(seen):
            yield seen


async def until_counted(observations: AsyncIterator[Observation], responses: int) -> Observation:
    async for seen in observations:
        assert seen.tally.missed == 0
        if seen.tally.responses >= responses:
            return seen
    raise AssertionError("it ended before")


def test_a_log_against_awk(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(log_lines(1, LINES, 2800.0))

    async def chunks() -> AsyncIterator[bytes]:
        with log.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    async def count() -> None:
        window, reader, position = Window(), CallReader("x", is_new=True), Position()
        async for piece in whole_lines(chunks()):
            position.advance(piece)
            for batch in reader.read(piece, 0.0):
                window.add(batch)
        assert window.tally(0.0).responses == LINES

    awk = command("awk", "{n[$4]++} END {for (pod in n) print pod, n[pod]}", str(log))
    ratio = median_ratio(lambda: worked_s(lambda: asyncio.run(count())), lambda: worked_s(awk), rounds=15)
    report("work of counting the calls of a log / awk '{n[$4]++}'", ratio, 3.0)


async def test_a_client_at_full_rate(tmp_path: Path) -> None:
    rate, seconds = 5000, 60
    with log_server(lines=rate * seconds, rate=rate) as server:
        async with observing(server, tmp_path) as observations:
            await until_counted(observations, 1)
            began = time.monotonic()
            await until_counted(observations, rate * seconds)
            took_s = time.monotonic() - began
    report("until the last of 5,000 lines a second was counted / a minute", took_s / seconds, 1.01)


async def test_two_hundred_clients(tmp_path: Path) -> None:
    clients, rate, seconds = 200, 20, 15
    with log_server(pods=clients, lines=10**9, rate=rate) as server:
        async with observing(server, tmp_path) as observations:
            before = (await until_counted(observations, clients * rate)).tally.responses
            began, worked = time.monotonic(), time.process_time()
            after = (await until_counted(observations, before + clients * rate * seconds)).tally.responses
            elapsed_s, worked_s = time.monotonic() - began, time.process_time() - worked
    assert after - before >= 0.95 * clients * rate * elapsed_s, "the server wrote less than it should"
    report("work of following 200 clients at 20 lines a second / time", worked_s / elapsed_s, 0.5)


async def test_an_hour_of_log(tmp_path: Path) -> None:
    lines = 10_000_000
    with log_server(lines=lines, rate=lines / 3600, paced=False) as server:
        async with observing(server, tmp_path) as observations:
            await until_counted(observations, 1)
            began = most = resident_mb()
            async for seen in observations:
                most = max(most, resident_mb())
                if seen.tally.responses >= lines:
                    break
    assert (seen.tally.responses, seen.tally.missed) == (lines, 0)
    report("MB that ten million lines of log take / 1 MB", most - began, 50.0)


def worked_s(work: Work) -> float:
    """Seconds of processor time that *work* takes, in this process and in those that it runs: other work on the
    machine does not count."""
    began = processor_s()
    work()
    return processor_s() - began


def processor_s() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
