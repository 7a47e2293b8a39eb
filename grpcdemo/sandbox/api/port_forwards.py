"""`pods/portforward`: the data of connections to ports of a pod, over one websocket.

Port number i of the query has channel 2i for its data and 2i + 1 for an error. Every message begins with its channel.
The first one on each channel holds the port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from grpcdemo.sandbox.api.endless import EndlessRequests
from grpcdemo.sandbox.api.pod_ports import Address, PodPorts
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.verbs import Call

PROTOCOL = "v4.channel.k8s.io"
AT_ONCE = 1 << 16
"""Bytes in a message."""


class PortForwards:
    """The verb."""

    def __init__(self, pod_ports: PodPorts, endless: EndlessRequests) -> None:
        self._pod_ports = pod_ports
        self._endless = endless

    async def forward(self, call: Call) -> web.StreamResponse:
        """Until one side closes its connection. Raises StatusError."""
        websocket = web.WebSocketResponse(protocols=(PROTOCOL,))
        check = websocket.can_prepare(call.request)
        if not check.ok or check.protocol != PROTOCOL:
            raise StatusError("BadRequest", f"the sandbox forwards ports over a websocket with the protocol {PROTOCOL}")
        ports = _parse_ports(call.request.query)
        addresses = [self._find(call, port) for port in ports]
        await websocket.prepare(call.request)
        tunnels = [
            _Tunnel(websocket, 2 * number, port, address)
            for number, (port, address) in enumerate(zip(ports, addresses, strict=True))
        ]
        with self._endless.cut_at_the_end(), suppress(ConnectionError):
            await _run(websocket, tunnels)
        return websocket

    def _find(self, call: Call, port: int) -> Address | OSError:
        try:
            return self._pod_ports.find_port(call.namespace, call.name, port)
        except OSError as error:
            return error


async def _run(websocket: web.WebSocketResponse, tunnels: list[_Tunnel]) -> None:
    tasks: list[asyncio.Future[Any]] = []
    try:
        await asyncio.gather(*(tunnel.open() for tunnel in tunnels))
        sending = asyncio.gather(*(tunnel.send_all() for tunnel in tunnels))
        tasks += [sending, asyncio.ensure_future(_receive_all(websocket, tunnels))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for tunnel in tunnels:
            tunnel.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await websocket.close()


async def _receive_all(websocket: web.WebSocketResponse, tunnels: list[_Tunnel]) -> None:
    async for message in websocket:
        if message.type is not WSMsgType.BINARY or not message.data or message.data[0] >= 2 * len(tunnels):
            return
        await tunnels[message.data[0] // 2].receive(message.data[1:])


class _Tunnel:
    """One port."""

    def __init__(self, websocket: web.WebSocketResponse, channel: int, port: int, address: Address | OSError) -> None:
        self._websocket = websocket
        self._channel = channel
        self._port = port
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> None:
        for channel in (self._channel, self._channel + 1):
            await self._send(channel, self._port.to_bytes(2, "little"))
        try:
            if isinstance(self._address, OSError):
                raise self._address
            self._streams = await asyncio.open_connection(*self._address)
        except OSError as error:
            text = f"an error occurred forwarding {self._port} -> {self._port}: {error.strerror or error}"
            await self._send(self._channel + 1, text.encode())

    async def send_all(self) -> None:
        """What the pod sends, until it closes the connection."""
        if self._streams:
            while data := await self._streams[0].read(AT_ONCE):
                await self._send(self._channel, data)

    async def receive(self, data: bytes) -> None:
        if self._streams:
            self._streams[1].write(data)
            await self._streams[1].drain()

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()

    async def _send(self, channel: int, data: bytes) -> None:
        await self._websocket.send_bytes(bytes([channel]) + data)


def _parse_ports(query: Mapping[str, str]) -> list[int]:
    """Raises StatusError (BadRequest)."""
    texts = [text for text in query.get("ports", "").split(",") if text]
    for text in texts:
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= 65535):
            raise StatusError("BadRequest", f'unable to parse "{text}" as a port')
    if not texts:
        raise StatusError("BadRequest", 'query parameter "ports" is required')
    return [int(text) for text in texts]
