"""Reading a container's log: its last lines, and following it through cuts without losing or doubling one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from grpcdemo.errors import ApiError, Forbidden, NotFound, Unauthorized
from grpcdemo.kube.api import Api
from grpcdemo.kube.api_errors import Request
from grpcdemo.kube.resources import POD_LOGS, PODS
from grpcdemo.kube.watch import lines

SILENCE_S = 15.0
"""A stream without a line for this long is opened anew: after a log was rotated, some fall silent for ever
(kubernetes/kubernetes#115701). Where there was really nothing to say, that costs one request."""
REOPEN_S = 0.3
REMEMBERED = 20_000
"""How many lines are kept to recognise what a new stream repeats: two seconds at the highest `--rate`."""
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class LogLine:
    """One line and the time that the container runtime gave it, in nanoseconds since 1970."""

    time_ns: int
    text: str


async def last_lines(api: Api, namespace: str, pod: str, container: str, *, count: int) -> list[str]:
    """The last *count* lines of the container that ran before the present one, or else of the present one."""
    for previous in ("true", "false"):
        query: dict[str, str | int] = {"container": container, "tailLines": count, "previous": previous}
        try:
            async with api.stream(
                _path(namespace, pod), _request(api, namespace, pod), query=query, silence_s=10
            ) as chunks:
                data = b"".join([chunk async for chunk in chunks])
        except ApiError:
            continue
        return data.decode(errors="replace").splitlines()
    return []


class Follower:
    """The log of one container, followed for ever: iterate `lines()` until the pod is gone, or cancel it.

    A new stream after a cut starts at the second of the last line, because the API knows no finer time, so
    it repeats lines. It sends, in their order, all whose time is not before that second; held against the
    latest lines that were read, that tells what is repeated, whatever the clock did meanwhile.
    """

    def __init__(self, api: Api, namespace: str, pod: str, container: str, *, from_start: bool) -> None:
        self._api = api
        self._namespace = namespace
        self._pod = pod
        self._container = container
        self._from_start = from_start
        self._read: deque[LogLine] = deque(maxlen=REMEMBERED)

    async def lines(self) -> AsyncIterator[LogLine]:
        while True:
            try:
                async for line in self._stream():
                    yield line
            except NotFound:
                if self._read:
                    return
                raise
            except (Unauthorized, Forbidden):
                raise
            except ApiError:
                pass  # not started yet, cut, or silent: the next stream goes on where this one ended
            await asyncio.sleep(REOPEN_S)

    async def _stream(self) -> AsyncIterator[LogLine]:
        query: dict[str, str | int] = {"container": self._container, "follow": "true", "timestamps": "true"}
        repeated: deque[LogLine] = deque()
        if self._read:
            since_ns = self._read[-1].time_ns // SECOND_NS * SECOND_NS
            query["sinceTime"] = _rfc3339(since_ns)
            repeated.extend(line for line in self._read if line.time_ns >= since_ns)
        elif not self._from_start:
            query["tailLines"] = 1
        request = _request(self._api, self._namespace, self._pod)
        path = _path(self._namespace, self._pod)
        async with self._api.stream(path, request, query=query, silence_s=SILENCE_S) as chunks:
            async for raw in lines(chunks):
                line = parse_line(raw)
                if line is not None and not _is_repeated(line, repeated):
                    self._read.append(line)
                    yield line


def _is_repeated(line: LogLine, expected: deque[LogLine]) -> bool:
    """Whether *line* is the next of *expected*, but for such as were rotated away; takes it out.

    A line that is none of them ends the repetition: it is new, and so is everything after it.
    """
    while expected:
        if expected.popleft() == line:
            return True
    return False


def parse_line(raw: bytes) -> LogLine | None:
    """A line as `timestamps=true` sends it: the time in RFC 3339 with nanoseconds, a space, the text."""
    stamp, _, text = raw.decode(errors="replace").partition(" ")
    time_ns = parse_time_ns(stamp)
    return None if time_ns is None else LogLine(time_ns, text)


def parse_time_ns(stamp: str) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 time, which Python's own datetime would cut to microseconds."""
    whole, dot, rest = stamp.partition(".")
    if not dot:
        return _seconds(stamp)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    seconds = _seconds(whole + rest[digits:])
    return None if seconds is None else seconds + int(rest[:digits].ljust(9, "0")[:9] or 0)


def _seconds(stamp: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(parsed.timestamp()) * SECOND_NS if parsed.tzinfo else None


def _rfc3339(time_ns: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=time_ns // SECOND_NS)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _path(namespace: str, pod: str) -> str:
    return PODS.path(namespace, pod, "log")


def _request(api: Api, namespace: str, pod: str) -> Request:
    return Request("get", POD_LOGS, namespace, pod, api.target.context)
