"""The admin of a pod's Envoy behind the API's port-forward: it counts some requests between any two readings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from aiohttp import WSMsgType, web

PORT = 15000
PROTOCOL = "v4.channel.k8s.io"


class Envoy:
    """*requests* to each address are added before each reading; the last *failing* of each are errors."""

    def __init__(
        self,
        service: str,
        requests: Mapping[str, int],
        *,
        already: int = 1000,
        failing: Mapping[str, int] | None = None,
    ) -> None:
        self.service = service
        self.requests = requests
        self.failing = failing or {}
        self.asked: list[str] = []
        self.forwards = 0
        self._total = Counter(dict.fromkeys(requests, already))
        self._failed = Counter[str]()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """The answer to a `GET` of `portforward`."""
        assert request.query["ports"] == str(PORT)
        assert request.headers["Accept"] == "*/*", "the API server answers 406"
        self.forwards += 1
        websocket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await websocket.prepare(request)
        for channel in (0, 1):
            await websocket.send_bytes(bytes([channel]) + PORT.to_bytes(2, "little"))
        async for message in websocket:
            assert message.type is WSMsgType.BINARY
            await self.answer(websocket, message.data)
        return websocket

    async def answer(self, websocket: web.WebSocketResponse, data: bytes) -> None:
        assert data[:1] == b"\0"
        self.asked.append(data[1:].split()[1].decode())
        for part in self.parts():
            await websocket.send_bytes(b"\0" + part)

    def parts(self) -> list[bytes]:
        """The answer in the middle of a header, of a chunk's length, and of its data."""
        body = json.dumps(self.clusters()).encode()
        answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        cuts = [0, 10, 40, 48, 100, len(answer) - 3, len(answer)]
        return [answer[begin:end] for begin, end in pairwise(cuts)]

    def clusters(self) -> dict[str, object]:
        self._total.update(self.requests)
        self._failed.update(self.failing)
        hosts = [
            {"address": {"socket_address": {"address": address}}, "stats": self._stats(total, self._failed[address])}
            for address, total in self._total.items()
        ]
        return {"cluster_statuses": [{"name": f"outbound|50051||{self.service}", "host_statuses": hosts}]}

    @staticmethod
    def _stats(total: int, failed: int) -> list[dict[str, str]]:
        numbers = {"cx_total": 1, "rq_error": failed, "rq_success": total - failed, "rq_total": total}
        return [{"name": name, "value": str(number)} for name, number in numbers.items()]
