"""A container's log as a kubelet serves it: kept up to a rotation, filtered to the second, followed, and cut."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from aiohttp import web

from grpcdemo.kube.streams.log_lines import SECOND_NS, parse_time_ns

from .script import Asked, refuse

START_NS = 1_777_889_472 * SECOND_NS


@dataclass
class _Run:
    """One run of the container. Lines are numbered from its start; those before *first* are rotated away."""

    lines: list[tuple[int, bytes]] = field(default_factory=list)
    first: int = 0
    size: int = 0
    """How many bytes are not rotated away."""
    ended: bool = False


class FakeLog:
    """Answers every request for one log. The test writes, cuts, rotates and ends it."""

    def __init__(self, *, cuts: Iterable[int] = (), chunk: int = 65_536, rotate_at: int | None = None) -> None:
        self.asked: list[Asked] = []
        self.cuts: Iterator[int] = iter(cuts)
        """After how many bytes, or when there are no more for now, each stream that follows is cut; the streams
        after the last one are whole."""
        self.streams = 0
        """How many followed it."""
        self.gone = False
        self._chunk = chunk
        self._rotate_at = rotate_at
        self._runs = [_Run()]
        self._more = asyncio.Event()
        self._is_read = False
        self._request = asyncio.Condition()
        self._connections: set[asyncio.Transport] = set()

    async def until_asked(self, times: int) -> None:
        async with self._request:
            await self._request.wait_for(lambda: len(self.asked) >= times)

    async def until_asked_or_read(self) -> None:
        """Until the next request, or until who follows was sent all there is, and may never ask again."""
        before = len(self.asked)
        async with self._request:
            await self._request.wait_for(lambda: self._is_read or len(self.asked) > before)

    def write(self, *texts: bytes, at_ns: int | None = None) -> None:
        """Add lines, all at the time *at_ns*."""
        run = self._runs[-1]
        stamp = format_time(START_NS + len(run.lines) * 50_000_000 if at_ns is None else at_ns)
        lines = [f"{stamp} ".encode() + text + b"\n" for text in texts]
        run.lines += [(parse_time_ns(stamp) or 0, line) for line in lines]
        run.size += sum(map(len, lines))
        if self._rotate_at and run.size > self._rotate_at:
            self.rotate()
        self._wake()

    def write_raw(self, *lines: bytes) -> None:
        """Add lines that have their time before them already."""
        self._runs[-1].lines += [(parse_time_ns(line.split(b" ")[0].decode()) or 0, line) for line in lines]
        self._wake()

    def rotate(self) -> None:
        """What was written so far is out of reach, also of those who follow and have not got it yet."""
        run = self._runs[-1]
        run.first, run.size = len(run.lines), 0

    def restart(self) -> None:
        """The container ends, and another one begins."""
        self.end()
        self._runs.append(_Run())

    def end(self) -> None:
        self._runs[-1].ended = True
        self._wake()

    def remove(self) -> None:
        """The pod is gone."""
        self.gone = True
        self.end()

    def cut(self) -> None:
        """Cut every stream that follows, now."""
        for connection in self._connections:
            connection.close()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()
        self._is_read = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        async with self._request:
            self.asked.append(Asked(request.method, request.path, query, None))
            self._request.notify_all()
        run = self._runs[-1]
        if self.gone:
            return await refuse(404, 'pods "p" not found')(request)
        if query.get("previous") == "true":
            if len(self._runs) < 2:
                return await refuse(400, 'previous terminated container "c" in pod "p" not found')(request)
            run = self._runs[-2]
        response = web.StreamResponse()
        await response.prepare(request)
        assert request.transport is not None
        if query.get("follow") != "true":
            await self._send(response, self._chunks(run, query), None)
            return response
        self.streams += 1
        self._connections.add(request.transport)
        try:
            if not await self._send(response, self._chunks(run, query), next(self.cuts, None)):
                request.transport.close()
        finally:
            self._connections.discard(request.transport)
        return response

    async def _send(self, response: web.StreamResponse, chunks: AsyncIterator[bytes], left: int | None) -> bool:
        """Send all, or so many bytes as are *left*, and whether it was all."""
        async for data in chunks:
            if left is not None and (not data or len(data) >= left):
                await response.write(data[:left])
                return False
            if data:
                await response.write(data)
            left = None if left is None else left - len(data)
        return True

    async def _chunks(self, run: _Run, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        since_ns = parse_time_ns(query.get("sinceTime", "1970-01-01T00:00:00Z")) or 0
        index = max(run.first, len(run.lines) - int(query["tailLines"])) if "tailLines" in query else run.first
        while True:
            more = self._more
            index = max(index, run.first)
            data = b"".join([line for time_ns, line in run.lines[index:] if time_ns >= since_ns])
            index = len(run.lines)
            for start in range(0, len(data), self._chunk):
                yield data[start : start + self._chunk]
            if query.get("follow") != "true" or (run.ended and index == len(run.lines)):
                return
            if index == len(run.lines):
                yield b""
                async with self._request:
                    self._is_read = True
                    self._request.notify_all()
                await more.wait()


def format_time(time_ns: int) -> str:
    seconds, nanos = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"
