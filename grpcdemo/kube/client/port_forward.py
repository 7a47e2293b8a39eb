"""HTTP requests to a port that a pod may have opened only to itself, through the API's `portforward`.

Over a websocket, the kubelet has two channels for a port: 0 for the data, 1 for an error. Each message begins with the
number of its channel, and the first one of each channel holds nothing but the port.
"""

from __future__ import annotations

import io
import socket
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import cast

import aiohttp

from grpcdemo.errors import ApiError, Unreachable

DATA, ERROR = 0, 1
END = b"\r\n\r\n"
"""Of a head, and of a body in chunks."""
LARGEST = 64 << 20
"""Bytes of an answer."""


class PortForward:
    """One port of a pod. One request at a time."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse[bool], pod: str) -> None:
        self._websocket = websocket
        self._pod = pod
        self.is_spent = False
        """The pod takes no other request over it."""
        self._open: set[int] = set()
        """The channels whose first message has come."""

    async def close(self) -> None:
        await self._websocket.close()

    async def get(self, path: str) -> bytes:
        """The body of the answer. Raises ApiError, and is of no use any more after that."""
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try:
            await self._websocket.send_bytes(bytes([DATA]) + request.encode())
        except ConnectionError as error:
            raise self._broken() from error
        received, is_over = b"", False
        while (answer := read_answer(received, is_over=is_over)) is None:
            if len(received) > LARGEST:
                raise ApiError(f"the response of pod {self._pod} is too long")
            if is_over:
                raise self._broken()
            data = await self._receive()
            received, is_over = received + data, not data
        self.is_spent = answer.is_last
        return answer.body

    async def _receive(self) -> bytes:
        """Nothing at the end."""
        while True:
            message = await self._websocket.receive()
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                return b""
            channel, data = message.data[0], message.data[1:]
            if channel not in self._open:
                self._open.add(channel)
            elif channel == ERROR:
                raise ApiError(data.decode(errors="replace"))
            else:
                return bytes(data)

    def _broken(self) -> Unreachable:
        return Unreachable(f"the connection to pod {self._pod} broke")


class _Received:
    """What http.client reads in place of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@dataclass(frozen=True)
class Answer:
    """What an HTTP server has sent."""

    body: bytes
    is_last: bool
    """It closes the connection after it."""


def read_answer(received: bytes, *, is_over: bool = False) -> Answer | None:
    """None while some of it is missing; *is_over* if no more will come. Raises ApiError."""
    if END not in received:
        return None
    response = HTTPResponse(cast(socket.socket, _Received(received)))
    try:
        response.begin()
        # http.client takes the last chunk without its end for whole.
        if response.chunked and not received.endswith(END):
            return None
        ends_with_connection = not response.chunked and response.length is None
        body = response.read()
    except IncompleteRead:
        return None
    except HTTPException as error:
        raise ApiError(f"the response is not HTTP: {error!r}") from error
    if response.status != 200:
        raise ApiError(f"HTTP {response.status} {response.reason}")
    return None if ends_with_connection and not is_over else Answer(body, response.will_close)
