"""Live copies of what the API holds, fed by watches, so that waiting is for an event and not for a timer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from grpcdemo.errors import ApiError, Expired, Forbidden, GrpcdemoError, NotFound, Unauthorized
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
"""A pause before reopening a watch that the server ended, in case it ends every watch at once."""
LOOK_AGAIN_S = 1.0
"""A check that depends on time passing, not only on events, is made at least this often."""

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """What to watch: one kind, in one namespace or in all, narrowed by selectors."""

    resource: Resource
    namespace: str | None = None
    selector: str | None = None
    fields: str | None = None


class Mirror:
    """A live copy of the objects that each of the named queries finds. An async context manager.

    Every list and watch runs at the same time as the others. A watch that ends, breaks or expires is taken
    up again without a gap; only what nobody can mend is raised, from `changed`.
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
        """The objects that query *name* finds now, in the order of their namespaces and names."""
        return [found for _, found in sorted(self._objects[name].items())]

    async def changed(self, timeout_s: float) -> bool:
        """Wait until something changed since the last call; False where nothing did within *timeout_s*."""
        if not await is_set_within(self._change, timeout_s):
            return False
        self._change.clear()
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error
        return True

    async def _list(self, name: str) -> str:
        query = self._queries[name]
        found = await self._api.list(
            query.resource, namespace=query.namespace, selector=query.selector, fields=query.fields
        )
        self._objects[name] = {namespaced_name(item): item for item in found["items"]}
        self._change.set()
        return str(found["metadata"].get("resourceVersion", ""))

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
                    async for kind, found in events:
                        version = str(found["metadata"].get("resourceVersion", version))
                        self._apply(name, kind, found)
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

    def _apply(self, name: str, kind: str, found: Object) -> None:
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self._objects[name].pop(namespaced_name(found), None)
        else:
            self._objects[name][namespaced_name(found)] = found
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


async def wait_until(
    mirror: Mirror, check: Callable[[], T | None], *, timeout_s: float, failure: Callable[[], GrpcdemoError]
) -> T:
    """Wait until *check* finds something, looking again whenever *mirror* changes.

    *check* raises where waiting on is useless. After *timeout_s* the error that *failure* makes, which
    tells the state that was seen last, is raised.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while (found := check()) is None:
        left = deadline - loop.time()
        if left <= 0:
            raise failure()
        await mirror.changed(min(left, LOOK_AGAIN_S))
    return found
