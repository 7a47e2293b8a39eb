"""Live copies of objects, fed by watches: wait for an event, not for a timer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from grpcdemo.errors import ApiError, Expired, Forbidden, NotFound, Unauthorized
from grpcdemo.kube.api import Api
from grpcdemo.kube.api_errors import api_error
from grpcdemo.kube.lines import whole_lines
from grpcdemo.kube.request import Request
from grpcdemo.resources.objects import Object, namespaced_name
from grpcdemo.resources.resource import Resource
from grpcdemo.waiting import is_set_within

WATCH_S = 240
"""How long the API server is asked to keep one watch open."""
REOPEN_S = 0.1
"""The pause before a watch is reopened, in case the server ends every watch at once."""
LOOK_AGAIN_S = 1.0
"""The longest pause between two checks: some depend on the time."""

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """What to watch: one resource, in one namespace or in all, narrowed by selectors."""

    resource: Resource
    namespace: str | None = None
    selector: str | None = None
    fields: str | None = None


class Mirror:
    """A live copy of the objects that match each of the named queries. An async context manager.

    All lists and watches run concurrently. A watch that ends, breaks or expires resumes without a gap; `changed`
    raises what no retry helps against.
    """

    def __init__(self, api: Api, queries: Mapping[str, Query]) -> None:
        self._api = api
        self._queries = queries
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._change = asyncio.Event()

    async def __aenter__(self) -> Mirror:
        versions = await asyncio.gather(*(self._list(name) for name in self._queries))
        for name, version in zip(self._queries, versions, strict=True):
            task = asyncio.create_task(self._follow(name, version))
            task.add_done_callback(lambda _: self._change.set())
            self._tasks.append(task)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __getitem__(self, name: str) -> list[Object]:
        """The objects that match query *name* now, by namespace and name."""
        return [obj for _, obj in sorted(self._objects[name].items())]

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
        patience = self._api.patience
        lost_at: float | None = None
        while True:
            try:
                version = version or await self._list(name)
                async with watch(self._api, self._queries[name], version) as events:
                    lost_at = None
                    async for kind, obj in events:
                        version = str(obj["metadata"].get("resourceVersion", version))
                        self._apply(name, kind, obj)
                await asyncio.sleep(REOPEN_S)
            except Expired:
                version = None
            except (Unauthorized, Forbidden, NotFound):
                raise
            except ApiError:
                lost_at = lost_at or clock()
                if clock() - lost_at >= patience.lost_s:
                    raise
                await asyncio.sleep(patience.lost_retry_s)

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
        "timeoutSeconds": WATCH_S,
        "resourceVersion": version,
    }
    if query.selector:
        parameters["labelSelector"] = query.selector
    if query.fields:
        parameters["fieldSelector"] = query.fields
    request = Request("watch", query.resource, query.namespace, context=api.target.context, parameters=parameters)
    async with api.stream(request, silence_s=WATCH_S + 30.0) as chunks:
        yield _events(chunks, request)


async def _events(chunks: AsyncIterator[bytes], request: Request) -> AsyncIterator[tuple[str, Object]]:
    async for piece in whole_lines(chunks):
        for line in piece.splitlines():
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise api_error(int(event["object"].get("code", 500)), event["object"], request)
            yield event["type"], event["object"]


async def wait_until(mirror: Mirror, check: Callable[[], T | None], *, timeout_s: float) -> T | None:
    """Run *check* whenever *mirror* changes; return its first result, or None after *timeout_s*."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while (result := check()) is None:
        left = deadline - loop.time()
        if left <= 0:
            return None
        await mirror.changed(min(left, LOOK_AGAIN_S))
    return result
