"""Live copies of objects, fed by watches: wait for an event, not for a timer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from grpcdemo.durations import format_duration
from grpcdemo.errors import ApiError, Expired, Forbidden, GrpcdemoError, NotFound, Unauthorized, Unreachable
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.errors import api_error
from grpcdemo.kube.client.request import Request
from grpcdemo.kube.messages import shorten
from grpcdemo.kube.streams.lines import whole_lines
from grpcdemo.model.progress import Reporter, Waiting
from grpcdemo.resources.objects import Object, namespaced_name
from grpcdemo.resources.resource import Resource
from grpcdemo.waiting import done_within, is_set_within

REOPEN_S = 0.1
"""The pause before a watch is reopened, in case the server ends every watch at once."""
LOOK_AGAIN_S = 1.0
"""The longest pause between two checks: some depend on the time."""
LIST_S = 15.0
"""How long the list may take on which a failure rests."""

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """What to watch: one resource, in one namespace or in all, narrowed by selectors."""

    resource: Resource
    namespace: str | None = None
    selector: str | None = None
    fields: str | None = None


@dataclass(frozen=True)
class Lost:
    """The API server does not answer a watch."""

    since: float
    """In seconds of the event loop's clock."""
    error: ApiError


class Mirror:
    """A live copy of the objects that match each of the named queries. An async context manager.

    All lists and watches run concurrently. A watch that ends, breaks, falls silent or expires resumes without a gap;
    `changed` raises what no retry helps against, and what has not helped for *lost_s*.
    """

    def __init__(self, api: Api, queries: Mapping[str, Query], *, lost_s: float | None = None) -> None:
        self._api = api
        self._queries = queries
        self.lost_s = api.patience.lost_s if lost_s is None else lost_s
        self._lost: dict[str, Lost] = {}
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._change = asyncio.Event()

    async def __aenter__(self) -> Mirror:
        await self._start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    async def list_again(self) -> None:
        """Replace the copy by what the API server says now: a watch may have died without a word.

        Raises ApiError if that takes longer than LIST_S.
        """
        lost = self.lost
        await self._stop()
        try:
            await done_within(self._start(), LIST_S)
        except asyncio.TimeoutError as error:
            raise (
                lost.error if lost else Unreachable(f"the API server {self._api.target.server} did not answer in time")
            ) from error

    async def _start(self) -> None:
        versions = await asyncio.gather(*(self._list(name) for name in self._queries))
        for name, version in zip(self._queries, versions, strict=True):
            task = asyncio.create_task(self._follow(name, version))
            task.add_done_callback(lambda _: self._change.set())
            self._tasks.append(task)

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._lost.clear()

    def __getitem__(self, name: str) -> list[Object]:
        """The objects that match query *name* now, by namespace and name."""
        return [obj for _, obj in sorted(self._objects[name].items())]

    @property
    def lost(self) -> Lost | None:
        """Why the copy is out of date, if it is."""
        return min(self._lost.values(), key=lambda lost: lost.since, default=None)

    async def changed(self, timeout_s: float) -> bool:
        """Wait until something has changed since the last call; False if nothing does within *timeout_s*."""
        if not await is_set_within(self._change, timeout_s):
            return False
        self._change.clear()
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error
        return True

    async def _list(self, name: str) -> str:
        query = self._queries[name]
        answer = await self._api.list(
            query.resource, namespace=query.namespace, selector=query.selector, fields=query.fields
        )
        self._objects[name] = {namespaced_name(item): item for item in answer["items"]}
        self._change.set()
        return str(answer["metadata"].get("resourceVersion", ""))

    async def _follow(self, name: str, version: str | None) -> None:
        """Watch from *version* on, until cancelled; if it has expired, list again and watch from there."""
        clock = asyncio.get_running_loop().time
        while True:
            try:
                version = version or await self._list(name)
                async with watch(self._api, self._queries[name], version) as events:
                    self._lost.pop(name, None)
                    async for kind, obj in events:
                        version = str(obj["metadata"].get("resourceVersion", version))
                        self._apply(name, kind, obj)
                await asyncio.sleep(REOPEN_S)
            except Expired:
                version = None
            except (Unauthorized, Forbidden, NotFound):
                raise
            except ApiError as error:
                since = self._lost[name].since if name in self._lost else clock()
                self._lost[name] = Lost(since, error)
                if clock() - since >= self.lost_s:
                    raise
                await asyncio.sleep(self._api.patience.lost_retry_s)

    def _apply(self, name: str, kind: str, obj: Object) -> None:
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self._objects[name].pop(namespaced_name(obj), None)
        else:
            self._objects[name][namespaced_name(obj)] = obj
        self._change.set()


@asynccontextmanager
async def watch(api: Api, query: Query, version: str) -> AsyncIterator[AsyncIterator[tuple[str, Object]]]:
    """The events (type and object) after resource *version*; they end when the API server ends the watch."""
    parameters: dict[str, str | int] = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": api.patience.watch_s,
        "resourceVersion": version,
    }
    if query.selector:
        parameters["labelSelector"] = query.selector
    if query.fields:
        parameters["fieldSelector"] = query.fields
    request = Request("watch", query.resource, query.namespace, parameters=parameters)
    silence_s = api.patience.silence_s
    async with api.stream(request, answer_s=silence_s, silence_s=silence_s) as chunks:
        yield _events(chunks, request, api.target.context)


async def _events(chunks: AsyncIterator[bytes], request: Request, context: str) -> AsyncIterator[tuple[str, Object]]:
    async for piece in whole_lines(chunks):
        for line in piece.splitlines():
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise api_error(int(event["object"].get("code", 500)), event["object"], request, context)
            yield event["type"], event["object"]


async def wait_until(
    mirror: Mirror, check: Callable[[], T | None], *, timeout_s: float, report: Reporter | None = None
) -> T | None:
    """Run *check* whenever *mirror* changes; return its first result, or None after *timeout_s*.

    While the API is lost, *report* that: what the mirror holds may be wrong by now. For the same reason, believe a
    check that fails, or the end of the time, only after a new list.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        if mirror.lost is None:
            result = await _checked(mirror, check)
            if result is not None:
                return result
        elif report:
            limit = format_duration(mirror.lost_s)
            report(Waiting(f"the API server, for at most {limit}: {shorten(mirror.lost.error.message)}"))
        left = deadline - loop.time()
        if left <= 0:
            await mirror.list_again()
            return check()
        await mirror.changed(min(left, LOOK_AGAIN_S))


async def _checked(mirror: Mirror, check: Callable[[], T | None]) -> T | None:
    try:
        return check()
    except GrpcdemoError:
        await mirror.list_again()
        return check()
