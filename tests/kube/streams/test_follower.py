"""Reading a log through all that happens to it: every line once, in order."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from grpcdemo.errors import Forbidden, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import SECOND_NS
from grpcdemo.kube.streams.log_position import REMEMBERED_BYTES
from grpcdemo.kube.streams.logs import LINE_LIMIT, ContainerRef, Follower, FollowTiming, last_lines
from tests.fakes.log import START_NS, FakeLog
from tests.fakes.script import Answer, Script, connected, cut, refuse, reply
from tests.tiers import exhaustive

PATH = "/api/v1/namespaces/demo/pods/p/log"
FORBIDDEN = refuse(403, 'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group ""')
NOT_FOUND = refuse(404, 'pods "p" not found')
CONTAINER = ContainerRef("demo", "p", "c")
AT_ONCE = FollowTiming(silence_s=60.0, reopen_s=0.0)
IMPATIENT = FollowTiming(silence_s=0.5, reopen_s=0.0)
LOG = [
    b"2026-05-04T10:11:12.000000001Z seq=1\n",
    b"2026-05-04T10:11:12.5Z seq=2\n",
    b"2026-05-04T10:11:12.5Z seq=3\r\n",
    b"2026-05-04T10:11:12.5Z same\n",
    b"2026-05-04T10:11:12.5Z same\n",
    b"2026-05-04T10:11:13Z same\n",
    b"2026-05-04T10:11:13Z seq=\xc3\xa9\xff\n",
    b"2026-05-04T10:11:13.999999999Z \n",
    b"2026-05-04T10:11:15.25Z seq=9\n",
]


@pytest.fixture
def log(script: Script) -> FakeLog:
    log = FakeLog()
    script.on("GET", PATH, log)
    return log


class Reader:
    """Follows, and keeps what it read."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.lines: list[bytes] = []

    @property
    def texts(self) -> list[bytes]:
        return [line.split(b" ", 1)[1].rstrip(b"\r\n") for line in self.lines]

    async def until(self, condition: Callable[[list[bytes]], bool]) -> list[bytes]:
        """Read until the texts meet *condition*."""
        while not condition(self.texts):
            self.lines += (await anext(self._pieces)).splitlines(keepends=True)
        return self.texts

    async def until_last(self, text: bytes) -> list[bytes]:
        return await self.until(lambda texts: texts[-1:] == [text])

    async def to_the_end(self) -> list[bytes]:
        async for piece in self._pieces:
            self.lines += piece.splitlines(keepends=True)
        return self.lines


@asynccontextmanager
async def following(
    api: Api,
    *,
    from_start: bool = True,
    since_s: float | None = None,
    timing: FollowTiming = AT_ONCE,
    remembered_bytes: int = REMEMBERED_BYTES,
) -> AsyncIterator[Reader]:
    follower = Follower(
        api, CONTAINER, from_start=from_start, since_s=since_s, timing=timing, remembered_bytes=remembered_bytes
    )
    pieces = follower.pieces()
    assert isinstance(pieces, AsyncGenerator)
    async with aclosing(pieces):
        yield Reader(pieces)


async def read_up_to(api: Api, log: FakeLog, last: bytes) -> list[bytes]:
    """Every line up to *last*, and nothing after it until the pod is gone."""
    async with following(api) as reader:
        await reader.until(lambda _: reader.lines[-1:] == [last])
        log.remove()
        return await reader.to_the_end()


@pytest.mark.parametrize(
    ("chunk", "step"),
    [(65_536, 29), (7, 41), exhaustive(65_536, 5), exhaustive(1, 17), exhaustive(7, 13), exhaustive(61, 11)],
)
async def test_a_cut_at_any_byte_loses_and_doubles_nothing(tmp_path: Path, chunk: int, step: int) -> None:
    logs: list[FakeLog] = []
    async with connected(lambda asked: logs[-1], tmp_path) as api:
        for at in range(0, sum(map(len, LOG)) + 1, step):
            logs.append(FakeLog(cuts=[at, at // 2, at // 3, at], chunk=chunk))
            logs[-1].write_raw(*LOG)
            assert await read_up_to(api, logs[-1], LOG[-1]) == LOG, f"cuts around {at}"


async def test_a_stream_that_repeats_a_second_in_several_pieces_costs_one_request(api: Api, log: FakeLog) -> None:
    async with following(api) as reader:
        for text in (b"one", b"two", b"three"):
            log.write(text)
            await reader.until_last(text)
        log.cut()
        log.write(b"four")
        assert await reader.until_last(b"four") == [b"one", b"two", b"three", b"four"]
    assert [asked.query["follow"] for asked in log.asked if "follow" in asked.query] == ["true", "true"]


async def test_a_log_is_followed_from_its_last_line(api: Api, log: FakeLog) -> None:
    log.write(b"old", b"last")
    async with following(api, from_start=False) as reader:
        assert await reader.until_last(b"last") == [b"last"]
        log.write(b"new")
        assert await reader.until_last(b"new") == [b"last", b"new"]
    assert [asked.query for asked in log.asked] == [
        {"container": "c", "follow": "true", "timestamps": "true", "tailLines": "1"}
    ]


async def test_a_log_is_read_from_some_seconds_back(api: Api, log: FakeLog) -> None:
    log.write(b"one", b"two")
    clock = asyncio.get_running_loop().time
    began = clock()
    async with following(api, from_start=False, since_s=30) as reader:
        await reader.until_last(b"two")
    (asked,) = log.asked
    assert 30 < int(asked.query["sinceSeconds"]) <= math.ceil(30 + clock() - began), (
        "30, and the time until it was asked"
    )


async def test_a_container_that_has_not_started_is_waited_for(script: Script, api: Api, log: FakeLog) -> None:
    not_started = refuse(400, 'container "c" in pod "p" is waiting to start: ContainerCreating')
    script.on("GET", PATH, not_started, cut(), refuse(500, "node"), refuse(503), log)
    log.write(b"one")
    async with following(api) as reader:
        assert await reader.until_last(b"one") == [b"one"]


async def test_an_api_that_is_away_for_long_is_waited_for(script: Script, api: Api, log: FakeLog) -> None:
    log.write(b"one")
    async with following(api) as reader:
        await reader.until_last(b"one")
        script.on("GET", PATH, *[cut(), refuse(500), refuse(503)] * 100, log)
        log.cut()
        log.write(b"two", b"three")
        assert await reader.until_last(b"three") == [b"one", b"two", b"three"]


async def test_a_silent_stream_is_reopened(script: Script, api: Api, log: FakeLog) -> None:
    deaf = FakeLog()
    deaf.write(b"one")
    log.write(b"one", b"two")
    script.on("GET", PATH, deaf, log)
    async with following(api, timing=IMPATIENT) as reader:
        assert await reader.until_last(b"two") == [b"one", b"two"]


async def test_what_comes_into_a_silent_log_is_read_from_its_first_line(script: Script, api: Api, log: FakeLog) -> None:
    """Also what comes between two streams: that it is not the last line does not make it old."""

    async def answer_and_write(request: web.Request) -> web.StreamResponse:
        response = await log(request)
        log.write(b"one", b"two", b"three")
        return response

    script.on("GET", PATH, log, answer_and_write, log)
    async with following(api, from_start=False, timing=IMPATIENT) as reader:
        assert await reader.until_last(b"three") == [b"one", b"two", b"three"]


async def test_it_is_known_up_to_when_a_log_was_read(script: Script, api: Api, log: FakeLog) -> None:
    """Up to now while it is followed, even if nothing comes; not any more once it cannot be read, for a reason."""
    timing = FollowTiming(silence_s=0.02, reopen_s=0.0, most_reopen_s=0.0)
    follower = Follower(api, CONTAINER, from_start=True, timing=timing)

    async def follow() -> None:
        async for _ in follower.pieces():
            pass

    log.write(b"one")
    following = asyncio.create_task(follow())
    try:
        await log.until_asked(3)
        first = follower.read_until
        await log.until_asked(12)
        assert follower.read_until > first
        script.on("GET", PATH, refuse(500, "dial tcp: connection refused"))
        while not (follower.failure and "connection refused" in follower.failure.message):
            await asyncio.wait([following], timeout=0.001)
        last, before = follower.read_until, len(script.asked)
        while len(script.asked) < before + 5:
            await asyncio.wait([following], timeout=0.001)
        assert follower.read_until == last
    finally:
        following.cancel()


async def test_a_404_of_something_in_between_does_not_end_it(script: Script, api: Api, log: FakeLog) -> None:
    log.write(b"one")
    log.cuts = iter([60])
    script.on("GET", PATH, log, reply(b"404 page not found", 404), log)
    async with following(api) as reader:
        await reader.until_last(b"one")
        log.write(b"two")
        assert await reader.until_last(b"two") == [b"one", b"two"]


async def test_what_was_rotated_away_unread_is_left_out_and_what_follows_is_not(api: Api, log: FakeLog) -> None:
    async with following(api) as reader:
        log.write(b"one", b"two")
        await reader.until_last(b"two")
        log.write(b"lost")
        log.rotate()
        log.write(b"four")
        assert await reader.until_last(b"four") == [b"one", b"two", b"four"]


async def test_a_rotation_during_a_cut(api: Api, log: FakeLog) -> None:
    log.cuts = iter([60])
    log.write(b"one", b"two" * 20, at_ns=START_NS)
    async with following(api) as reader:
        await reader.until_last(b"one")
        log.rotate()
        log.write(b"three", at_ns=START_NS)
        log.write(b"four", at_ns=START_NS + 1)
        assert await reader.until_last(b"four") == [b"one", b"three", b"four"]


@pytest.mark.parametrize("remembered", [0, 100, 256 * 1024])
async def test_a_clock_that_was_wrong_for_a_while(api: Api, log: FakeLog, remembered: int) -> None:
    """Every new stream repeats the lines whose timestamps lie in the future, most of which are no longer remembered."""
    hour_ns = 3600 * SECOND_NS
    async with following(api, timing=IMPATIENT, remembered_bytes=remembered) as reader:
        log.write(b"before")
        await reader.until_last(b"before")
        for index in range(20):
            log.write(b"wrong %d" % index, at_ns=START_NS + hour_ns + index * SECOND_NS)
            await reader.until_last(b"wrong %d" % index)
        log.cuts = iter(range(0, 3000, 100))
        log.cut()
        for index in range(20):
            log.write(b"right %d" % index, at_ns=START_NS + (5 + index) * SECOND_NS)
            await reader.until_last(b"right %d" % index)
        log.remove()
        assert len(await reader.to_the_end()) == 41
    assert len(set(reader.lines)) == 41


async def test_a_clock_that_is_set_back_during_a_cut(api: Api, log: FakeLog) -> None:
    """`sinceTime` leaves out all new lines, so the stream stays silent."""
    log.cuts = iter([60])
    log.write(b"one", b"two" * 20)
    async with following(api, timing=IMPATIENT) as reader:
        await reader.until_last(b"one")
        log.write(b"three", b"four", at_ns=START_NS - 3600 * SECOND_NS)
        assert await reader.until_last(b"four") == [b"one", b"two" * 20, b"three", b"four"]
        log.write(b"five", at_ns=START_NS - 3599 * SECOND_NS)
        assert (await reader.until_last(b"five"))[-3:] == [b"three", b"four", b"five"]


async def test_a_line_after_a_long_silence_does_not_cost_the_whole_log(script: Script, api: Api, log: FakeLog) -> None:
    """`sinceTime` leaves out only what is older than the place up to which the log was read."""
    silent = FakeLog()
    silent.write(b"one")
    log.write(b"one", b"two", at_ns=START_NS)
    script.on("GET", PATH, *[silent] * 4, log)
    async with following(api, timing=IMPATIENT) as reader:
        assert await reader.until_last(b"two") == [b"one", b"two"]
    looked, followed = log.asked
    assert looked.query["tailLines"] == "1"
    assert "sinceTime" in followed.query


async def test_the_late_lines_of_a_container_that_ended(api: Api, log: FakeLog) -> None:
    log.cuts = iter([60, 0])
    log.write(b"one", b"two" * 20)
    async with following(api) as reader:
        await reader.until_last(b"one")
        log.write(b"late")
        log.restart()
        log.write(b"second", at_ns=START_NS + SECOND_NS)
        assert await reader.until_last(b"second") == [b"one", b"two" * 20, b"late", b"second"]
        log.write(b"on", at_ns=START_NS + SECOND_NS)
        log.restart()
        log.write(b"third", at_ns=START_NS + SECOND_NS)
        assert (await reader.until_last(b"third"))[-3:] == [b"second", b"on", b"third"]


async def test_a_container_that_came_and_went_between_two_streams(api: Api, log: FakeLog) -> None:
    log.cuts = iter([60])
    log.write(b"one")
    async with following(api) as reader:
        await reader.until_last(b"one")
        log.restart()
        log.write(b"second", at_ns=START_NS + SECOND_NS)
        log.restart()
        log.write(b"third", at_ns=START_NS + 2 * SECOND_NS)
        assert await reader.until_last(b"third") == [b"one", b"second", b"third"]


async def test_a_new_pod_is_read_from_the_start_of_the_container_before(api: Api, log: FakeLog) -> None:
    log.write(b"one")
    log.restart()
    log.write(b"two")
    async with following(api) as reader:
        assert await reader.until_last(b"two") == [b"one", b"two"]


async def test_a_container_that_waits_to_be_restarted_is_not_read_again_and_again(api: Api, log: FakeLog) -> None:
    log.write(b"one", b"two")
    log.end()
    async with following(api) as reader:
        await reader.until_last(b"two")
        rest = asyncio.create_task(reader.until_last(b"three"))
        await log.until_asked(20)
        log.restart()
        log.write(b"three")
        assert await rest == [b"one", b"two", b"three"]


async def test_a_line_without_an_end_is_bounded_and_left_out(api: Api, log: FakeLog) -> None:
    log.write(b"one", b"x" * 50 * LINE_LIMIT, b"two")
    log.cuts = iter([60, 10 * LINE_LIMIT])
    async with following(api) as reader:
        assert await reader.until_last(b"two") == [b"one", b"two"]


async def test_what_the_kubelet_says_itself_is_not_taken_for_a_line(api: Api, log: FakeLog) -> None:
    said = b"failed to create fsnotify watcher: too many open files\n"
    log.write_raw(said, *LOG[:4], said, *LOG[4:], said)
    log.cuts = iter([200, 0, 300, 100])
    async with following(api) as reader:
        await reader.until(lambda _: LOG[-1] in reader.lines)
        assert [line for line in reader.lines if line != said] == LOG


async def test_any_number_of_logs_is_followed_at_once(api: Api, log: FakeLog) -> None:
    log.write(b"one")

    async def read_one() -> None:
        async with following(api, from_start=False) as reader:
            await reader.until_last(b"one")
            await log.until_asked(150)

    await asyncio.gather(*(read_one() for _ in range(150)))


async def test_a_permission_that_is_taken_away_ends_it(script: Script, api: Api, log: FakeLog) -> None:
    log.write(b"one")
    log.cuts = iter([60])
    script.on("GET", PATH, log, FORBIDDEN)
    with pytest.raises(Forbidden):
        async with following(api) as reader:
            await reader.to_the_end()


@pytest.mark.parametrize("refusal", [FORBIDDEN, refuse(401)], ids=["403", "401"])
async def test_a_log_that_a_starting_server_refuses_is_read_on(
    script: Script, tmp_path: Path, log: FakeLog, refusal: Answer
) -> None:
    log.write(b"one", b"two")
    log.cuts = iter([60])
    script.on("GET", PATH, log, refusal, refusal, log)
    async with connected(script, tmp_path) as api, following(api) as reader:
        assert await reader.until_last(b"two") == [b"one", b"two"]


@pytest.mark.parametrize(("answer", "kind"), [(NOT_FOUND, NotFound), (FORBIDDEN, Forbidden)])
async def test_an_unreadable_log_is_an_error(script: Script, api: Api, answer: Answer, kind: type[Exception]) -> None:
    script.on("GET", PATH, answer)
    with pytest.raises(kind):
        async with following(api) as reader:
            await reader.to_the_end()


async def test_last_lines_are_those_of_the_container_before(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(b"one\ntwo\n"))
    assert await last_lines(api, CONTAINER, count=5) == ["one", "two"]
    assert script.asked[0].query == {"container": "c", "tailLines": "5", "previous": "true"}


async def test_last_lines_of_a_first_container(script: Script, api: Api) -> None:
    script.on("GET", PATH, refuse(400, 'previous terminated container "c" not found'), reply(b"first\n"))
    assert await last_lines(api, CONTAINER, count=5) == ["first"]
    assert script.asked[1].query["previous"] == "false"


async def test_no_last_lines(script: Script, api: Api) -> None:
    script.on("GET", PATH, NOT_FOUND)
    assert await last_lines(api, CONTAINER, count=5) == []
