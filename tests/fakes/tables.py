"""A server pod whose tables of sockets are read by a command in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import ip_address

from aiohttp import web

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {} {} 01 00000000:00000000 00:00000000 00000000 65532        0 12353 1 0000000018e614e2 20 4 31\n"
PORT = 50051
SUCCESS = {"metadata": {}, "status": "Success"}


def no_program(name: str = "cat") -> dict[str, object]:
    """The status of a command that the container has not."""
    message = f'failed to exec in container: exec: "{name}": executable file not found in $PATH: unknown'
    return {"status": "Failure", "reason": "InternalError", "message": message, "code": 500}


class Tables:
    """The answer to a `GET` of `exec`: *ip*, and the *callers* that are connected to it, each on a port of its own."""

    def __init__(self, ip: str, *callers: str, status: object = SUCCESS, port: int = PORT) -> None:
        self.ip = ip
        self.callers: Sequence[str] = callers
        self.first = 40000
        """The callers' first port: another one is another connection."""
        self.status = status
        self.port = port
        self.asked: list[str] = []
        """In which containers."""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        assert request.query.getall("command") == ["cat", "/proc/net/tcp", "/proc/net/tcp6"]
        self.asked.append(request.query["container"])
        websocket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await websocket.prepare(request)
        if self.status == SUCCESS:
            await websocket.send_bytes(b"\1" + self.text().encode())
        await websocket.send_bytes(b"\3" + json.dumps(self.status).encode())
        await websocket.receive()
        return websocket

    def text(self) -> str:
        rows = [ROW.format(_end(self.ip, self.port), _end(ip, self.first + at)) for at, ip in enumerate(self.callers)]
        return HEAD + "".join(rows) + HEAD


def _end(ip: str, port: int) -> str:
    return f"{int.from_bytes(ip_address(ip).packed, 'little'):08X}:{port:04X}"
