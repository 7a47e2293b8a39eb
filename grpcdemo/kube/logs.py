"""Read a container's log: its last lines, or all new lines, each exactly once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from grpcdemo.errors import ApiError, Forbidden, NotFound, Rejected, Unauthorized
from grpcdemo.kube.api import Api
from grpcdemo.kube.lines import whole_lines
from grpcdemo.kube.log_position import REMEMBERED_BYTES, Position, Repetition
from grpcdemo.kube.request import Parameters, Request
from grpcdemo.resources.resource import PODS

LINE_LIMIT = 64 * 1024
"""Bytes. Longer lines are left out."""


@dataclass(frozen=True)
class ContainerRef:
    """One container of one pod."""

    namespace: str
    pod: str
    name: str


@dataclass(frozen=True)
class FollowTiming:
    """When a follower opens a new stream."""

    silence_s: float = 15.0
    """After this long without a line: some streams fall silent when a log is rotated (kubernetes/kubernetes#115701).
    A log that really has no new lines costs two requests each time."""
    reopen_s: float = 0.05
    """The pause before it, which doubles up to *most_reopen_s* while streams bring nothing new."""
    most_reopen_s: float = 3.0


async def last_lines(api: Api, container: ContainerRef, *, count: int) -> list[str]:
    """The last *count* lines of the container's previous run, or else of the current one; none if unreadable."""
    for previous in ("true", "false"):
        parameters: Parameters = {"tailLines": count, "previous": previous}
        try:
            async with api.stream(_log_request(api, container, parameters), silence_s=10) as chunks:
                data = b"".join([chunk async for chunk in chunks])
        except ApiError:
            continue
        return data.decode(errors="replace").splitlines()
    return []


class Follower:
    """Follows the log of one container through cuts, rotations, and restarts; yields each line once.

    It starts at the first line that is kept, including the previous run's, if *from_start*; or with what was logged
    in the last *since_s* seconds; or else at the last line.

    A new stream starts at the second of the last line that was read, so it repeats lines. If its first line is not a
    remembered one, read the whole log: either the place is further down, or the log was rotated or the container
    restarted. Then read the log of the previous run to its end first.
    """

    def __init__(
        self,
        api: Api,
        container: ContainerRef,
        *,
        from_start: bool = False,
        since_s: float | None = None,
        timing: FollowTiming = FollowTiming(),
        remembered_bytes: int = REMEMBERED_BYTES,
    ) -> None:
        self._api = api
        self._container = container
        self._from_start = from_start
        self._since_s = since_s
        self._timing = timing
        self._position = Position(remembered_bytes)
        self._began = asyncio.get_running_loop().time()
        self._whole = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield new lines, one or more at a time, each with its timestamp and line end, until the pod is gone.

        Raises NotFound if there was no log to begin with, Unauthorized or Forbidden if it may not be read.
        """
        pause_s = self._timing.reopen_s
        quiet = False
        while True:
            try:
                self._whole = quiet and await self._is_behind()
                quiet = True
                async for piece in self._read(previous=False):
                    quiet, pause_s = False, self._timing.reopen_s
                    yield piece
            except NotFound:
                if self._position.is_known:
                    return
                raise
            except (Unauthorized, Forbidden):
                raise
            except ApiError as error:  # not started yet, cut, or silent: the next stream continues here
                quiet = quiet and isinstance(error.__cause__, asyncio.TimeoutError)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._timing.most_reopen_s)

    async def _read(self, *, previous: bool) -> AsyncIterator[bytes]:
        """The new lines of one stream, or of the previous run's log if *previous*."""
        repetition = self._position.repetition()
        is_first = True
        async with aclosing(self._stream(self._parameters(previous=previous))) as pieces:
            async for piece in pieces:
                if is_first and not await self._goes_on(repetition, piece, previous=previous):
                    repetition.end()
                    more_before = False
                    async for earlier in self._read_previous(is_previous=previous):
                        more_before = True
                        yield earlier
                    if more_before:
                        return  # this stream's container may have become the previous one by now
                is_first = False
                if new := repetition.strip(piece):
                    self._position.advance(new)
                    yield new

    async def _read_previous(self, *, is_previous: bool) -> AsyncIterator[bytes]:
        """The unread lines of the previous run; its own predecessor's log is not kept."""
        if is_previous:
            return
        with suppress(Rejected, NotFound):  # no previous run
            async for piece in self._read(previous=True):
                yield piece

    async def _goes_on(self, repetition: Repetition, piece: bytes, *, previous: bool) -> bool:
        """Whether a stream that starts with *piece* passes the place up to which the log was read."""
        if not self._position.is_known:
            return not self._from_start
        if repetition.begins_with(piece):
            return True
        async with aclosing(self._stream({**self._parameters(previous=previous), "follow": "false"})) as pieces:
            async for earlier in pieces:
                if repetition.is_in(earlier):
                    return True
        return False

    async def _is_behind(self) -> bool:
        """Whether the log has unread lines: after a clock was set back, they are older than `sinceTime`."""
        if not self._position.is_known:
            return False
        last = b"".join([piece async for piece in self._stream({"timestamps": "true", "tailLines": 1})])
        return bool(last) and not self._position.repetition().is_in(last)

    def _parameters(self, *, previous: bool) -> dict[str, str | int]:
        parameters: dict[str, str | int] = {"timestamps": "true", "previous" if previous else "follow": "true"}
        if self._whole:
            return parameters
        if second := self._position.second:
            parameters["sinceTime"] = second
        elif self._since_s is not None:
            parameters["sinceSeconds"] = max(
                1, math.ceil(self._since_s + asyncio.get_running_loop().time() - self._began)
            )
        elif not self._from_start:
            parameters["tailLines"] = 1
        return parameters

    async def _stream(self, parameters: Parameters) -> AsyncGenerator[bytes, None]:
        request = _log_request(self._api, self._container, parameters)
        async with self._api.stream(request, silence_s=self._timing.silence_s) as chunks:
            async for piece in whole_lines(chunks, limit=LINE_LIMIT):
                yield piece


def _log_request(api: Api, container: ContainerRef, parameters: Parameters) -> Request:
    parameters = {"container": container.name, **parameters}
    return Request("get", PODS, container.namespace, container.pod, api.target.context, "log", parameters)
