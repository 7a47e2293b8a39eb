"""What several tests of the workload need: its programs in this process, and logs and health to wait on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from grpcdemo.pb import identity_pb2_grpc
from grpcdemo.pb.identity_pb2 import GetIdentityRequest, GetIdentityResponse
from grpcdemo.workload.call_log import Call
from grpcdemo.workload.client import Options, call_server, open_channel
from grpcdemo.workload.listener import listening
from grpcdemo.workload.server import serve
from tests.workload.call_line import parse_call

PATIENCE_S = 120
"""How long to wait for what must come. No test passes or fails by speed."""

Context = grpc.aio.ServicerContext[GetIdentityRequest, GetIdentityResponse]


@dataclass
class Log:
    """The log of a program, to be read as it is written."""

    lines: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def next_line(self) -> str:
        return await asyncio.wait_for(self.lines.get(), PATIENCE_S)

    async def next_call(self) -> Call:
        while (call := parse_call(await self.next_line())) is None:
            pass
        return call

    async def calls_until(self, condition: Callable[[Call], bool]) -> list[Call]:
        """The next calls, up to and including the first that meets *condition*."""
        calls = [await self.next_call()]
        while not condition(calls[-1]):
            calls.append(await self.next_call())
        return calls


def fields_of(line: str) -> dict[str, str]:
    """A logfmt line, none of whose values is quoted."""
    return dict(pair.split("=", 1) for pair in line.split())


@asynccontextmanager
async def running_server(pod: str, port: int = 0) -> AsyncIterator[int]:
    """The real server, in this process, as *pod*. Yields its port."""
    log, stop = Log(), asyncio.Event()
    identity = GetIdentityResponse(pod_name=pod, pod_ip="10.0.0.1", node_name="node-1")
    serving = asyncio.create_task(serve(port, identity, stop, log.lines.put_nowait))
    try:
        yield int(fields_of(await log.next_line())["port"])
    finally:
        stop.set()
        await asyncio.wait_for(serving, PATIENCE_S)


@asynccontextmanager
async def running_impostor(answer: Callable[[Context], Any]) -> AsyncIterator[int]:
    """A server that answers with what the coroutine function *answer* returns or does. Yields its port."""

    class Impostor(identity_pb2_grpc.IdentityServiceServicer):
        async def GetIdentity(self, request: GetIdentityRequest, context: Context) -> GetIdentityResponse:
            await answer(context)
            return GetIdentityResponse(pod_name="impostor")

    def register(server: grpc.aio.Server) -> None:
        add_service = identity_pb2_grpc.add_IdentityServiceServicer_to_server
        add_service(Impostor(), server)  # type: ignore[no-untyped-call]  # protoc writes no types

    async with listening(0, register=register) as listener:
        yield listener.port


@dataclass
class Client:
    log: Log
    stop: asyncio.Event
    ended: asyncio.Task[None]


@asynccontextmanager
async def running_client(
    *ports: int, rate: float = 200, deadline_s: float = 20, health_port: int | None = None
) -> AsyncIterator[Client]:
    """The real client, in this process, which knows a server by all of these *ports*."""
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    options = Options(target=target, rate=rate, deadline_s=deadline_s, health_port=health_port)
    log, stop = Log(), asyncio.Event()
    calling = asyncio.create_task(call_server(options, stop, log.lines.put_nowait))
    try:
        yield Client(log, stop, calling)
    finally:
        stop.set()
        await asyncio.wait_for(calling, PATIENCE_S)


@asynccontextmanager
async def channel_to(port: int) -> AsyncIterator[grpc.aio.Channel]:
    async with open_channel(f"ipv4:127.0.0.1:{port}") as channel:
        yield channel


class Health:
    """The health of one service behind a channel, as it changes."""

    def __init__(self, channel: grpc.aio.Channel, service: str = "") -> None:
        request = health_pb2.HealthCheckRequest(service=service)
        self._watch: Any = health_pb2_grpc.HealthStub(channel).Watch(request)

    async def until(self, health: str) -> None:
        """Wait until it is *health*, a name in grpc.health.v1."""
        status = health_pb2.HealthCheckResponse.ServingStatus
        while True:
            answer = await asyncio.wait_for(self._watch.read(), PATIENCE_S)
            assert isinstance(answer, health_pb2.HealthCheckResponse), f"the watch ended before {health}"
            if status.Name(answer.status) == health:
                return
