"""Reading a container's log: its last lines, and following it through cuts without losing or doubling one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from grpcdemo.errors import ApiError, Forbidden, NotFound
from grpcdemo.kube.api import Api
from grpcdemo.kube.faults import Request
from grpcdemo.kube.resources import POD_LOGS, PODS
from grpcdemo.kube.watch import lines

SILENCE_S = 15.0
"""A stream without a line for this long is opened anew: after a log was rotated, some fall silent for ever
(kubernetes/kubernetes#115701). Where there was really nothing to say, that costs one request."""
REOPEN_S = 0.3


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

    A new stream after a cut starts at the second of the last line, because the API knows no finer time;
    what it repeats is recognised by its time, and among lines of the same time by counting them.
    """

    def __init__(self, api: Api, namespace: str, pod: str, container: str, *, from_start: bool) -> None:
        self._api = api
        self._namespace = namespace
        self._pod = pod
        self._container = container
        self._from_start = from_start
        self._last_ns: int | None = None
        self._at_last = 0

    async def lines(self) -> AsyncIterator[LogLine]:
        while True:
            try:
                async for line in self._stream():
                    yield line
            except (NotFound, Forbidden):
                if self._last_ns is None:
                    raise
                return
            except ApiError:
                pass  # not started yet, cut, or silent: the next stream goes on where this one ended
            await asyncio.sleep(REOPEN_S)

    async def _stream(self) -> AsyncIterator[LogLine]:
        query: dict[str, str | int] = {"container": self._container, "follow": "true", "timestamps": "true"}
        if self._last_ns is not None:
            query["sinceTime"] = _rfc3339(self._last_ns)
        elif not self._from_start:
            query["tailLines"] = 1
        skip_ns, skip_at = self._last_ns, self._at_last
        request = _request(self._api, self._namespace, self._pod)
        path = _path(self._namespace, self._pod)
        async with self._api.stream(path, request, query=query, silence_s=SILENCE_S) as chunks:
            async for raw in lines(chunks):
                line = parse_line(raw)
                if line is None:
                    continue
                if skip_ns is not None and (line.time_ns, skip_at) < (skip_ns, 1):
                    continue
                if skip_ns == line.time_ns and skip_at:
                    skip_at -= 1
                    continue
                skip_ns = None  # all that was known is repeated; from here on every line is new
                self._remember(line)
                yield line

    def _remember(self, line: LogLine) -> None:
        self._at_last = self._at_last + 1 if line.time_ns == self._last_ns else 1
        self._last_ns = line.time_ns


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
    return int(parsed.timestamp()) * 1_000_000_000 if parsed.tzinfo else None


def _rfc3339(time_ns: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=time_ns // 1_000_000_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _path(namespace: str, pod: str) -> str:
    return PODS.path(namespace, pod, "log")


def _request(api: Api, namespace: str, pod: str) -> Request:
    return Request("get", POD_LOGS, namespace, pod, api.target.context)
