"""Reading a container's log: its last lines, and following it through cuts without losing or doubling one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from grpcdemo.errors import ApiError, Forbidden, NotFound, Rejected, Unauthorized
from grpcdemo.kube.api import Api, Query
from grpcdemo.kube.api_errors import Request
from grpcdemo.kube.lines import whole_lines
from grpcdemo.kube.log_position import Position, Repetition
from grpcdemo.resources.resource import POD_LOGS, PODS

SILENCE_S = 15.0
"""A stream without a line for this long is opened anew: after a log was rotated, some fall silent for ever
(kubernetes/kubernetes#115701). Where there was really nothing to say, that costs two requests."""
REOPEN_S = 0.05
MOST_REOPEN_S = 3.0
"""The pause before a new stream doubles up to this, as long as streams bring nothing."""
LINE_LIMIT = 64 * 1024
"""A longer line is left out; whoever needs longer ones does not read them here."""


@dataclass(frozen=True)
class Container:
    """Whose log it is."""

    namespace: str
    pod: str
    name: str


async def last_lines(api: Api, container: Container, *, count: int) -> list[str]:
    """The last *count* lines of the container that ran before the present one, or else of the present one."""
    for previous in ("true", "false"):
        query: Query = {"container": container.name, "tailLines": count, "previous": previous}
        try:
            async with api.stream(*_log_of(api, container), query=query, silence_s=10) as chunks:
                data = b"".join([chunk async for chunk in chunks])
        except ApiError:
            continue
        return data.decode(errors="replace").splitlines()
    return []


class Follower:
    """The log of one container, followed for ever: iterate `pieces()` until the pod is gone, or cancel it.

    It begins with the first line that is kept, of the container before too, if *from_start*; or with what was
    logged in the last *since_s* seconds; or else with the last line.

    A new stream begins at the second of the last line that was read, and so repeats lines. Where it does not begin
    with one that is remembered, the log itself is asked: either the place is further down in it, or there was a
    rotation or a new container. Then the log of the container before is read to its end first.
    """

    def __init__(
        self, api: Api, container: Container, *, from_start: bool = False, since_s: float | None = None
    ) -> None:
        self._api = api
        self._container = container
        self._from_start = from_start
        self._since_s = since_s
        self._position = Position()
        self._began = asyncio.get_running_loop().time()
        self._whole = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The log as it comes: whole lines, each with its time before it and its end."""
        pause_s = REOPEN_S
        quiet = False
        while True:
            try:
                self._whole = quiet and await self._is_behind()
                quiet = True
                async for piece in self._read(previous=False):
                    quiet, pause_s = False, REOPEN_S
                    yield piece
            except NotFound:
                if self._position.is_known:
                    return
                raise
            except (Unauthorized, Forbidden):
                raise
            except ApiError as error:  # not started yet, cut, or silent: the next stream goes on where this one ended
                quiet = quiet and isinstance(error.__cause__, asyncio.TimeoutError)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_REOPEN_S)

    async def _read(self, *, previous: bool) -> AsyncIterator[bytes]:
        """What one stream brings that is new; or all the log has of the container before, where *previous*."""
        repetition = self._position.repetition()
        is_first = True
        async with aclosing(self._stream(self._query(previous))) as pieces:
            async for piece in pieces:
                if is_first and not await self._goes_on(repetition, piece, previous):
                    repetition.end()
                    more_before = False
                    async for earlier in self._read_previous(previous):
                        more_before = True
                        yield earlier
                    if more_before:
                        return  # meanwhile the container of this stream may have become the one before
                is_first = False
                if new := repetition.strip(piece):
                    self._position.advance(new)
                    yield new

    async def _read_previous(self, is_previous: bool) -> AsyncIterator[bytes]:
        """What is unread of the container before, which has none before it that could be read."""
        if is_previous:
            return
        with suppress(Rejected, NotFound):  # there was none
            async for piece in self._read(previous=True):
                yield piece

    async def _goes_on(self, repetition: Repetition, piece: bytes, previous: bool) -> bool:
        """Whether a stream that begins with *piece* comes past the place up to which the log was read."""
        if not self._position.is_known:
            return not self._from_start
        if repetition.begins_with(piece):
            return True
        async with aclosing(self._stream({**self._query(previous), "follow": "false"})) as found:
            async for earlier in found:
                if repetition.is_in(earlier):
                    return True
        return False

    async def _is_behind(self) -> bool:
        """Whether the log has gone on unseen: after its clock was set back, new lines are older than the last one."""
        if not self._position.is_known:
            return False
        query: Query = {"container": self._container.name, "timestamps": "true", "tailLines": 1}
        last = b"".join([piece async for piece in self._stream(query)])
        return bool(last) and not self._position.repetition().is_in(last)

    def _query(self, previous: bool) -> dict[str, str | int]:
        query: dict[str, str | int] = {"container": self._container.name, "timestamps": "true"}
        query |= {"previous": "true"} if previous else {"follow": "true"}
        if self._whole:
            return query
        if second := self._position.second:
            query["sinceTime"] = second
        elif self._since_s is not None:
            query["sinceSeconds"] = max(1, math.ceil(self._since_s + asyncio.get_running_loop().time() - self._began))
        elif not self._from_start:
            query["tailLines"] = 1
        return query

    async def _stream(self, query: Query) -> AsyncGenerator[bytes, None]:
        async with self._api.stream(*_log_of(self._api, self._container), query=query, silence_s=SILENCE_S) as chunks:
            async for piece in whole_lines(chunks, limit=LINE_LIMIT):
                yield piece


def _log_of(api: Api, container: Container) -> tuple[str, Request]:
    path = PODS.path(container.namespace, container.pod, "log")
    return path, Request("get", POD_LOGS, container.namespace, container.pod, api.target.context)
