"""Reading a log through cuts: every line once, in order, whatever happens to the stream."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from grpcdemo.errors import Forbidden, NotFound
from grpcdemo.kube import logs as logs_module
from grpcdemo.kube.api import Api
from grpcdemo.kube.logs import Follower, LogLine, last_lines, parse_line

from .fake_api import Answer, Asked, Feed, Script, connected, cut, refuse, reply

PATH = "/api/v1/namespaces/demo/pods/p/log"
FORBIDDEN = refuse(403, 'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group ""')
NOT_FOUND = refuse(404, 'pods "p" not found')
LOG = [
    "2026-05-04T10:11:12.000000001Z seq=1",
    "2026-05-04T10:11:12.5Z seq=2",
    "2026-05-04T10:11:12.5Z seq=3",
    "2026-05-04T10:11:12.5Z same",
    "2026-05-04T10:11:12.5Z same",
    "2026-05-04T10:11:13Z same",
    "2026-05-04T10:11:13Z seq=é",
    "2026-05-04T10:11:13.999999999Z ",
    "2026-05-04T10:11:15.25Z seq=9",
]
LINES = [found for text in LOG if (found := parse_line(text.encode()))]
DATA = "".join(f"{text}\n" for text in LOG).encode()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_module, "REOPEN_S", 0.0)


class Log:
    """A log as a kubelet serves it: streams that are cut after so many bytes, then whole ones, then none."""

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self.chunk = len(DATA)
        self.whole = 2

    def __call__(self, asked: Asked) -> Answer:
        since = asked.query.get("sinceTime")
        data = "".join(f"{text}\n" for text in LOG if since is None or second(text) >= second(since)).encode()
        if self.cuts:
            return Feed().send(*self._chunks(data[: self.cuts.pop(0)])).cut()
        self.whole -= 1
        return Feed().send(*self._chunks(data)).end() if self.whole >= 0 else NOT_FOUND

    def _chunks(self, data: bytes) -> list[bytes]:
        return [data[start : start + self.chunk] for start in range(0, len(data), self.chunk)]


def second(text: str) -> datetime:
    """`sinceTime` is compared to the second: the API knows no finer time."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)


async def read(api: Api, *, from_start: bool = True) -> list[LogLine]:
    """Every line until the pod is gone."""
    return [line async for line in Follower(api, "demo", "p", "grpc-client", from_start=from_start).lines()]


async def test_a_cut_at_any_byte_loses_and_doubles_nothing(tmp_path: Path) -> None:
    log = Log()
    async with connected(log, tmp_path) as api:
        for at in range(len(DATA) + 1):
            log.cuts, log.whole = [at], 2
            assert await read(api) == LINES, f"cut after {at} bytes"


@pytest.mark.parametrize("chunk", [1, 7, 61])
async def test_several_cuts_in_small_chunks_lose_and_double_nothing(tmp_path: Path, chunk: int) -> None:
    log = Log()
    log.chunk = chunk
    async with connected(log, tmp_path) as api:
        for at in range(0, len(DATA) + 1, 11):
            log.cuts, log.whole = [at, at // 2, at // 3, at], 1
            assert await read(api) == LINES, f"cuts around {at}"


async def test_what_was_rotated_away_meanwhile_is_not_waited_for(script: Script, api: Api) -> None:
    *first, last = (f"{text}\n".encode() for text in LOG[1:4])
    script.on("GET", PATH, Feed().send(*first).cut(), Feed().send(first[-1], last).end(), NOT_FOUND)
    assert await read(api) == LINES[1:4]
    script.on("GET", PATH, Feed().send(*first).cut(), Feed().send(last, DATA[-31:]).end(), NOT_FOUND)
    assert await read(api) == [*LINES[1:4], LINES[-1]]


async def test_a_log_is_followed_from_its_last_line(script: Script, api: Api) -> None:
    script.on("GET", PATH, Feed().send(DATA[-31:], b"2026-05-04T10:11:16Z new\n").end(), NOT_FOUND)
    assert [line.text for line in await read(api, from_start=False)] == ["seq=9", "new"]
    query = script.asked[0].query
    assert query == {"container": "grpc-client", "follow": "true", "timestamps": "true", "tailLines": "1"}
    assert script.asked[1].query["sinceTime"] == "2026-05-04T10:11:16Z"
    assert "tailLines" not in script.asked[1].query


async def test_a_container_that_has_not_started_is_waited_for(script: Script, api: Api) -> None:
    not_started = refuse(400, 'container "grpc-client" in pod "p" is waiting to start: ContainerCreating')
    script.on("GET", PATH, not_started, cut(), refuse(500, "node"), Feed().send(DATA).end(), NOT_FOUND)
    assert await read(api) == LINES


async def test_a_silent_stream_is_opened_anew(script: Script, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_module, "SILENCE_S", 0.05)
    script.on("GET", PATH, Feed().send(DATA[:40]), Feed().send(DATA).end(), NOT_FOUND)
    assert await read(api) == LINES


async def test_what_the_runtime_says_itself_is_no_line(script: Script, api: Api) -> None:
    script.on("GET", PATH, Feed().send(b"failed to create fsnotify watcher\n", DATA).end(), NOT_FOUND)
    assert await read(api) == LINES


async def test_a_permission_that_is_taken_away_ends_it(script: Script, api: Api) -> None:
    script.on("GET", PATH, Feed().send(DATA).end(), FORBIDDEN)
    with pytest.raises(Forbidden):
        await read(api)


@pytest.mark.parametrize("answer, kind", [(NOT_FOUND, NotFound), (FORBIDDEN, Forbidden)])
async def test_a_log_that_cannot_be_read_at_all_is_an_error(
    script: Script, api: Api, answer: Answer, kind: type[Exception]
) -> None:
    script.on("GET", PATH, answer)
    with pytest.raises(kind):
        await read(api)


async def test_last_words_are_those_of_the_container_before(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(b"one\ntwo\n"))
    assert await last_lines(api, "demo", "p", "c", count=5) == ["one", "two"]
    assert script.asked[0].query == {"container": "c", "tailLines": "5", "previous": "true"}


async def test_last_words_of_a_first_container(script: Script, api: Api) -> None:
    script.on("GET", PATH, refuse(400, 'previous terminated container "c" not found'), reply(b"first\n"))
    assert await last_lines(api, "demo", "p", "c", count=5) == ["first"]
    assert script.asked[1].query["previous"] == "false"


async def test_no_last_words(script: Script, api: Api) -> None:
    script.on("GET", PATH, NOT_FOUND)
    assert await last_lines(api, "demo", "p", "c", count=5) == []
