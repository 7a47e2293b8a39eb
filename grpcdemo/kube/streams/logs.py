"""Read a container's log: its last lines, or all new lines, each exactly once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from grpcdemo.errors import ApiError, Forbidden, NotFound, Rejected, Unauthorized
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.request import Parameters, Request
from grpcdemo.kube.messages import is_missing_pod, is_not_started
from grpcdemo.kube.streams.lines import whole_lines
from grpcdemo.kube.streams.log_position import REMEMBERED_BYTES, Position, Repetition
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

    silence_s: float = 2.5
    """After this long without a line: a connection may have died without a word, and some streams fall silent when a
    log is rotated (kubernetes/kubernetes#115701). A log that really has no new lines costs two requests each time."""
    answer_s: float = 15.0
    """How long an API server may take to begin an answer."""
    reopen_s: float = 0.05
    """The pause before it, which doubles up to *most_reopen_s* while streams bring nothing new."""
    most_reopen_s: float = 3.0


async def last_lines(api: Api, container: ContainerRef, *, count: int) -> list[str]:
    """The last *count* lines of the container's previous run, or else of the current one; none if unreadable."""
    for previous in ("true", "false"):
        parameters: Parameters = {"tailLines": count, "previous": previous}
        try:
            async with api.stream(_log_request(container, parameters), answer_s=10.0, silence_s=10.0) as chunks:
                data = b"".join([chunk async for chunk in chunks])
        except ApiError:
            continue
        return data.decode(errors="replace").splitlines()
    return []


async def whole_log(api: Api, container: ContainerRef, *, tail: int | None = None) -> bytes:
    """All lines that are kept of the container's current run, or the last *tail* ones, each with its timestamp."""
    parameters: dict[str, str | int] = {"timestamps": "true"}
    if tail is not None:
        parameters["tailLines"] = tail
    async with api.stream(_log_request(container, parameters), answer_s=15.0, silence_s=15.0) as chunks:
        return b"".join([piece async for piece in whole_lines(chunks, limit=LINE_LIMIT)])


class Follower:
    """Follows the log of one container through cuts, rotations, and restarts; yields each line once.

    It starts at the first line that is kept, including the previous run's, if *from_start*; or with what was logged
    in the last *since_s* seconds; or else at the last line.

    A new stream starts at the second of the last line that was read, so it repeats lines. If its first line is not a
    remembered one, read the whole log: either the place is further down, or the log was rotated or the container
    restarted. Then read the log of the previous run to its end first.

    After a silence, look at the last line of the log: that tells a client that logs nothing from a log that cannot be
    read.
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
        self._clock = asyncio.get_running_loop().time
        self.began = self._clock()
        self._whole = False
        self._is_open = False
        self._was_empty = False
        self.read_until = self.began
        """Every line from before was read; in seconds of the event loop's clock."""
        self.failure: ApiError | None = None
        """Why later lines cannot be read, as far as that is known."""

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield new lines, one or more at a time, each with its timestamp and line end, until the pod is gone.

        Raises NotFound if there was no log to begin with, Unauthorized or Forbidden if it may not be read.
        """
        pause_s = self._timing.reopen_s
        looks = quiet = False
        while True:
            self._is_open = False
            try:
                self._whole = looks and await self._is_behind() and quiet
                quiet = True
                async for piece in self._read(previous=False):
                    quiet, pause_s = False, self._timing.reopen_s
                    yield piece
                looks = quiet
            except (Unauthorized, Forbidden):
                raise
            except ApiError as error:  # cut, silent, or unreadable for now: the next stream continues here
                looks = isinstance(error.__cause__, asyncio.TimeoutError)
                if not (looks and self._is_open):
                    self.failure = error
                if isinstance(error, NotFound) and is_missing_pod(error.message, self._container.pod):
                    if self._position.is_known:
                        return
                    raise
                if isinstance(error, Rejected) and is_not_started(error.message):
                    self._have_read_all()
                quiet = quiet and looks
                if looks:
                    # Whatever comes into a log that was silent from its first stream on is new.
                    self._was_empty = self._was_empty or (self._is_open and not self._position.is_known)
                    continue  # the silence was the pause
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
                    if self._position.advance(new):
                        self._have_read_all()
                        yield new
                    else:
                        self.failure = ApiError(new.decode(errors="replace").strip())  # the kubelet's own words

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
        """Whether the log has unread lines that `sinceTime` leaves out, because a clock was set back."""
        last = b"".join([piece async for piece in self._stream({"timestamps": "true", "tailLines": 1})])
        is_read = self._position.repetition().is_in(last)
        if is_read or not last:
            self._have_read_all()
        return not is_read and self._position.is_after(last)

    def _have_read_all(self) -> None:
        self.read_until = self._clock()
        self.failure = None

    def _parameters(self, *, previous: bool) -> dict[str, str | int]:
        parameters: dict[str, str | int] = {"timestamps": "true", "previous" if previous else "follow": "true"}
        if self._whole:
            return parameters
        if second := self._position.second:
            parameters["sinceTime"] = second
        elif self._since_s is not None:
            parameters["sinceSeconds"] = max(1, math.ceil(self._since_s + self._clock() - self.began))
        elif not (self._from_start or self._was_empty):
            parameters["tailLines"] = 1
        return parameters

    async def _stream(self, parameters: Parameters) -> AsyncGenerator[bytes, None]:
        request = _log_request(self._container, parameters)
        timing = self._timing
        async with self._api.stream(request, answer_s=timing.answer_s, silence_s=timing.silence_s) as chunks:
            self._is_open = parameters.get("follow") == "true"
            async for piece in whole_lines(chunks, limit=LINE_LIMIT):
                yield piece


def _log_request(container: ContainerRef, parameters: Parameters) -> Request:
    parameters = {"container": container.name, **parameters}
    return Request("get", PODS, container.namespace, container.pod, "log", parameters)
