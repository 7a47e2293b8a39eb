"""`pods/proxy`: an HTTP request, passed on to a port of a pod: `pods/NAME:PORT/proxy/PATH`."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.api.pod_ports import PodPorts
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.api.verbs import Call

HTTP_PORT = 80
HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade"),
}
"""Headers that are about one connection."""
NOT_SENT = HOP_BY_HOP | {"authorization", "host"}


class PodProxy:
    """The verb."""

    def __init__(self, store: Store, pod_ports: PodPorts) -> None:
        self._store = store
        self._pod_ports = pod_ports

    async def pass_on(self, call: Call) -> web.StreamResponse:
        """The pod's answer, whatever it is. Raises StatusError if it gives none."""
        request = call.request
        name, *port = call.name.split(":")
        pod = self._store.get(PODS, call.namespace, name)
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            try:
                host, number = self._pod_ports.find_port(call.namespace, name, _parse_port(pod, port))
                answer = await session.request(
                    request.method,
                    _url(host, number, request.rel_url),
                    headers=_without(request.headers, NOT_SENT),
                    data=request.content if request.can_read_body else None,
                    allow_redirects=False,
                )
            except (aiohttp.ClientError, OSError) as error:
                raise StatusError("ServiceUnavailable", f"error trying to reach service: {error}") from error
            response = web.StreamResponse(status=answer.status, headers=_without(answer.headers, HOP_BY_HOP))
            await response.prepare(request)
            async for data in answer.content.iter_any():
                await response.write(data)
            await response.write_eof()
        return response


def _url(host: str, port: int, asked: URL) -> URL:
    """The pod's own path is what follows `proxy`."""
    path = "/" + "".join(asked.raw_path.split("/", 8)[8:])
    return URL.build(scheme="http", host=host, port=port, path=path, query_string=asked.raw_query_string, encoded=True)


def _parse_port(pod: Object, given: list[str]) -> int:
    """The given port, or the first that a container declares. Raises StatusError (BadRequest)."""
    declared = [port["containerPort"] for each in pod["spec"]["containers"] for port in each.get("ports") or []]
    if not given:
        return int((declared or [HTTP_PORT])[0])
    if len(given) > 1 or not (given[0].isascii() and given[0].isdigit() and 0 < int(given[0]) <= 65535):
        raise StatusError("BadRequest", f'invalid pod request "{":".join((pod["metadata"]["name"], *given))}"')
    return int(given[0])


def _without(headers: Mapping[str, str], names: set[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in names)
