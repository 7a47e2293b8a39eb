"""The same request over HTTP/1.1, with a new connection for each request, or one that is kept."""

from __future__ import annotations

import asyncio
import json
import re
import time
from asyncio import StreamReader, StreamWriter
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException

from grpcdemo.pb.identity_pb2 import GetIdentityResponse
from grpcdemo.workload.call_log import OK, Call
from grpcdemo.workload.cures.tcp import serving_tcp

ADDRESS = re.compile(r"(?:[a-z0-9]+:(?:///)?)?([^/,]+):([0-9]+)")
END = b"\r\n\r\n"


class HttpCaller:
    """Asks over one connection at a time, and opens another after so many calls: 0 for never. Close it at the end."""

    def __init__(self, target: str, deadline_s: float, calls_per_connection: int) -> None:
        host, port = parse_address(target)
        self._connection = HTTPConnection(host, port, timeout=deadline_s)
        self._calls_per_connection = calls_per_connection
        self._calls = 0

    async def attempt(self, seq: int) -> Call:
        """Make call number *seq*. What fails is returned, not raised, under gRPC's names."""
        start = time.perf_counter()
        code, answer, message = OK, {}, None
        try:
            answer = await asyncio.to_thread(self._ask)
        except TimeoutError as error:
            code, message = "DEADLINE_EXCEEDED", str(error)
        except (OSError, HTTPException, ValueError) as error:
            code, message = "UNAVAILABLE", str(error)
        return Call(seq, code, answer.get("pod"), answer.get("pod_ip"), (time.perf_counter() - start) * 1000, message)

    async def close(self) -> None:
        self._connection.close()

    def _ask(self) -> dict[str, str]:
        if self._calls_per_connection and self._calls >= self._calls_per_connection:
            self._connection.close()
            self._calls = 0
        self._calls += 1
        try:
            self._connection.request("GET", "/")
            answer: dict[str, str] = json.loads(self._connection.getresponse().read())
        except (OSError, HTTPException, ValueError):
            self._connection.close()  # the next request opens another
            raise
        return answer


def parse_address(target: str) -> tuple[str, int]:
    """Host and port of a gRPC target such as `dns:///grpc-server:50053`, the first if there are several."""
    match = ADDRESS.match(target)
    if match is None:
        raise ValueError(f"{target!r} names no host and port")
    return match[1], int(match[2])


def serving_http(port: int, identity: GetIdentityResponse, *, host: str | None) -> AbstractAsyncContextManager[int]:
    """Answer every request with *identity*, as JSON. The value is the port."""
    body = json.dumps({"pod": identity.pod_name, "pod_ip": identity.pod_ip}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return serving_tcp(port, partial(_answer, head.encode() + body), host=host)


async def _answer(answer: bytes, reader: StreamReader, writer: StreamWriter) -> None:
    """Answer every request of a connection: it ends where its client ends it. Requests have no body."""
    with suppress(asyncio.IncompleteReadError):
        while await reader.readuntil(END):
            writer.write(answer)
            await writer.drain()
