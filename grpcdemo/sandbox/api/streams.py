"""Streaming answers: watches and followed logs."""

from __future__ import annotations

import logging

from aiohttp import web

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS, Resource
from grpcdemo.sandbox.api.endless import EndlessRequests
from grpcdemo.sandbox.api.logs import LogSource, choose_container, parse_log_options
from grpcdemo.sandbox.api.negotiation import JSON, View, choose_view, dump, metadata_only
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.api.tables import build_table
from grpcdemo.sandbox.api.verbs import Call
from grpcdemo.sandbox.api.watches import Watch

log = logging.getLogger(__name__)


class Streams:
    """The two verbs that stream. Each raises StatusError if it refuses the request before the stream starts."""

    def __init__(self, store: Store, log_source: LogSource, endless: EndlessRequests) -> None:
        self._store = store
        self._log_source = log_source
        self._endless = endless

    async def watch(self, call: Call) -> web.StreamResponse:
        view = choose_view(call.request.headers.get("Accept", ""))
        resource = call.place.resource
        watch = Watch(self._store, resource, call.place.namespace, call.request.query)
        response = await _begin(call.request, JSON)
        include, headed = call.request.query.get("includeObject", ""), True
        with self._endless.cut_at_the_end():
            async for event, obj in watch.events():
                shown = obj if event == "ERROR" else _shown(resource, event, obj, view, include, headed=headed)
                headed = False
                await response.write(f"{dump({'type': event, 'object': shown})}\n".encode())
        await response.write_eof()
        return response

    async def log(self, call: Call) -> web.StreamResponse:
        query = call.request.query
        pod = self._store.get(PODS, call.namespace, call.name)
        options = parse_log_options(call.name, query)
        container = choose_container(pod, query.get("container", ""))
        chunks = self._log_source.read(call.namespace, call.name, container, options)
        with self._endless.cut_at_the_end():
            first = await anext(chunks, b"")
            response = await _begin(call.request, "text/plain")
            try:
                if first:
                    await response.write(first)
                async for chunk in chunks:
                    await response.write(chunk)
            except StatusError as error:
                log.info("the log of %s/%s ends: %s", call.namespace, call.name, error)
        await response.write_eof()
        return response


async def _begin(request: web.Request, content_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type, "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    return response


def _shown(resource: Resource, event: str, obj: Object, view: View, include: str, *, headed: bool) -> Object:
    if view == "table":
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        items = [] if event == "BOOKMARK" else [obj]
        return build_table(resource, items, metadata, include=include, headed=headed)
    return metadata_only(obj) if view == "metadata" else obj
