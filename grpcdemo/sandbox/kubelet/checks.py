"""One probe of a container: by grpc.health.v1, by a TCP connection, or by an HTTP GET.

The messages are a kubelet's, because people look for them in `kubectl describe`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import aiohttp
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.network import Network
from grpcdemo.waiting import done_within

CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_http_proxy", 0),
)
SERVING = health_pb2.HealthCheckResponse.SERVING


class ProbeFailure(Exception):
    """Why a probe failed."""


class Check:
    """One probe, which can be called repeatedly until it is closed."""

    async def __call__(self, timeout_s: float) -> None:
        """Raises ProbeFailure."""
        raise NotImplementedError

    async def close(self) -> None:
        """Release what the probe holds: nothing, by default."""


def build_check(probe: Object, container: Object, network: Network, *, pod_ip: str, listen_ip: str) -> Check:
    """The check for a container's *probe*. It connects to *listen_ip*, which its messages call *pod_ip*."""
    kind = next((kind for kind in KINDS if kind in probe), None)
    if kind is None:
        return BrokenCheck("the sandbox supports grpc, tcpSocket and httpGet probes only")
    port = _find_port(probe[kind]["port"], container)
    if port is None:
        return BrokenCheck(f"couldn't find port: {probe[kind]['port']}")
    return KINDS[kind](probe[kind], f"{pod_ip}:{port}", network.reach(listen_ip, port))


class BrokenCheck(Check):
    """A probe that cannot run as it is specified."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def __call__(self, timeout_s: float) -> None:
        raise ProbeFailure(self._why)


class GrpcCheck(Check):
    """Keeps its connection, so that a probe costs a call, not a handshake."""

    def __init__(self, spec: Object, shown: str, address: tuple[str, int]) -> None:
        self._service = spec.get("service") or ""
        self._shown = shown
        self._address = address
        self._was_open = False
        self._channel = grpc.aio.insecure_channel("ipv4:{}:{}".format(*address), options=CHANNEL_OPTIONS)
        self._stub: Any = health_pb2_grpc.HealthStub(self._channel)

    async def __call__(self, timeout_s: float) -> None:
        if not self._was_open:  # a refused channel would back off before it retries
            await self._connect_first(timeout_s)
        request = health_pb2.HealthCheckRequest(service=self._service)
        try:
            answer = await self._stub.Check(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise ProbeFailure(self._word(error, timeout_s)) from error
        if answer.status != SERVING:
            status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
            raise ProbeFailure(f'service unhealthy (responded with "{status}")')

    async def close(self) -> None:
        await self._channel.close()

    async def _connect_first(self, timeout_s: float) -> None:
        try:
            await _knock(self._address, self._shown, timeout_s)
        except ProbeFailure as failure:
            why = f'timeout: failed to connect service "{self._shown}" within {timeout_s:g}s: {failure}'
            raise ProbeFailure(why) from failure
        self._was_open = True

    def _word(self, error: grpc.aio.AioRpcError, timeout_s: float) -> str:
        code = error.code()
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return f'timeout: failed to connect service "{self._shown}" within {timeout_s:g}s: {error.details()}'
        name = "".join(word.capitalize() for word in code.name.split("_"))
        return f"error: health rpc probe failed: rpc error: code = {name} desc = {error.details() or ''}"


class TcpCheck(Check):
    """Succeeds if the connection is accepted."""

    def __init__(self, spec: Object, shown: str, address: tuple[str, int]) -> None:
        self._shown = shown
        self._address = address

    async def __call__(self, timeout_s: float) -> None:
        await _knock(self._address, self._shown, timeout_s)


class HttpCheck(Check):
    """Succeeds if a GET is answered with a status from 200 to 399."""

    def __init__(self, spec: Object, shown: str, address: tuple[str, int]) -> None:
        path = "/" + (spec.get("path") or "").removeprefix("/")
        self._shown = shown
        self._shown_url = f"http://{shown}{path}"
        self._url = "http://{}:{}".format(*address) + path
        headers = {header["name"]: header["value"] for header in spec.get("httpHeaders") or []}
        self._headers = {"Host": shown, "User-Agent": "kube-probe/1.36", **headers}
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))

    async def __call__(self, timeout_s: float) -> None:
        try:
            status = await done_within(self._get(), timeout_s)
        except asyncio.TimeoutError as error:
            why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            raise self._failure(why) from error
        except aiohttp.ClientConnectorError as error:
            raise self._failure(_refusal(self._shown, error.os_error)) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise self._failure("EOF") from error
        if not 200 <= status < 400:
            raise ProbeFailure(f"HTTP probe failed with statuscode: {status}")

    async def close(self) -> None:
        await self._session.close()

    async def _get(self) -> int:
        async with self._session.get(self._url, headers=self._headers, allow_redirects=False) as response:
            return response.status

    def _failure(self, why: str) -> ProbeFailure:
        return ProbeFailure(f'Get "{self._shown_url}": {why}')


async def _knock(address: tuple[str, int], shown: str, timeout_s: float) -> None:
    """Open a connection and close it again. Raises ProbeFailure."""

    async def open_and_close() -> None:
        _, writer = await asyncio.open_connection(*address)
        writer.close()

    try:
        await done_within(open_and_close(), timeout_s)
    except asyncio.TimeoutError as error:
        raise ProbeFailure(f"dial tcp {shown}: i/o timeout") from error
    except OSError as error:
        raise ProbeFailure(_refusal(shown, error)) from error


def _refusal(shown: str, error: OSError) -> str:
    why = os.strerror(error.errno) if error.errno else str(error)
    return f"dial tcp {shown}: connect: {why.lower()}"


def _find_port(port: int | str, container: Object) -> int | None:
    if isinstance(port, int) or port.isdigit():
        return int(port)
    ports = container.get("ports") or []
    return next((int(named["containerPort"]) for named in ports if named.get("name") == port), None)


KINDS: dict[str, Callable[[Object, str, tuple[str, int]], Check]] = {
    "grpc": GrpcCheck,
    "tcpSocket": TcpCheck,
    "httpGet": HttpCheck,
}
