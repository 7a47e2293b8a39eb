"""A watch: every change in a client's selection, until the client disconnects or its time is over.

An object that enters or leaves the selection is ADDED or DELETED, whatever happened to it: the client sees its
selection, not the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.sandbox.api.lists import check_version_match
from grpcdemo.sandbox.api.options import parse_bool, parse_int, parse_version
from grpcdemo.sandbox.api.selectors import parse_selectors
from grpcdemo.sandbox.api.status import StatusError, expired
from grpcdemo.sandbox.api.store import Event, Store

LONGEST_S = 3_600
"""The limit for a client that sets none."""
BOOKMARK_S = 60.0
"""How often a client that allows bookmarks gets one, while nothing in its selection changes."""

WatchEvent = tuple[str, Object]
"""The type of the event, and its object."""


class Watch:
    """One client's watch. Bad options raise StatusError; a later failure is an ERROR event."""

    def __init__(
        self,
        store: Store,
        resource: Resource,
        namespace: str | None,
        query: Mapping[str, str],
        *,
        longest_s: float = LONGEST_S,
        bookmark_s: float = BOOKMARK_S,
    ) -> None:
        check_version_match(query)
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._match = parse_selectors(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        self._bookmarks = parse_bool(query, "allowWatchBookmarks")
        self._since = parse_version(query.get("resourceVersion", "")) or 0
        self._marks_start = parse_bool(query, "sendInitialEvents")
        starts_now = not self._since if "sendInitialEvents" not in query else self._marks_start
        self._initial = store.scan(resource, namespace) if starts_now else []
        if starts_now or not self._since:
            self._since = store.version
        self.timeout_s = parse_int(query, "timeoutSeconds") or longest_s
        self._bookmark_s = bookmark_s

    async def events(self) -> AsyncIterator[WatchEvent]:
        """Until the time is over, or the version is too old: then an ERROR is the last event."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.timeout_s
        for event in self._start():
            yield event
        marked = self._since
        try:
            while (left_s := end - loop.time()) > 0:
                for change in self._new_changes():
                    if selected := self._select(change):
                        marked = change.version
                        yield selected
                    self._since = change.version
                changed = await self._store.changed(self._since, min(self._bookmark_s, left_s))
                if not changed and self._bookmarks and self._since > marked:
                    marked = self._since
                    yield self._bookmark()
        except StatusError as error:
            yield "ERROR", error.body()

    def _new_changes(self) -> Sequence[Event]:
        """Raises StatusError (Expired), also for a future version: it is from another sandbox."""
        if self._since > self._store.version:
            raise expired(self._since, self._store.version)
        return self._store.events_after(self._since)

    def _start(self) -> list[WatchEvent]:
        events: list[WatchEvent] = [("ADDED", obj) for obj in self._initial if self._match(obj)]
        if self._marks_start and self._bookmarks:
            kind, mark = self._bookmark()
            mark["metadata"]["annotations"] = {"k8s.io/initial-events-end": "true"}
            events.append((kind, mark))
        return events

    def _select(self, event: Event) -> WatchEvent | None:
        """*event* as this client sees it; None if it concerns nothing in its selection."""
        namespace = event.object["metadata"].get("namespace", "")
        if event.resource is not self._resource or self._namespace not in (None, namespace):
            return None
        was = event.old is not None and self._match(event.old)
        if event.type == "DELETED":
            return ("DELETED", event.object) if was else None
        if self._match(event.object):
            return "MODIFIED" if was else "ADDED", event.object
        return ("DELETED", event.object) if was else None

    def _bookmark(self) -> WatchEvent:
        """Tells the client up to which version it is complete."""
        metadata: Object = {"resourceVersion": str(self._since)}
        return "BOOKMARK", {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
