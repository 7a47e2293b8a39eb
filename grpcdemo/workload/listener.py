"""The listening half of both programs: one port, health checks on it, and an orderly end."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from grpcdemo.errors import GrpcdemoError

STOP_GRACE_S = 1.0

# gRPC's default would let a second process share the port in silence, and take half of the connections.
SERVER_OPTIONS = (("grpc.so_reuseport", 0),)

EVERY_ADDRESS = ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0"))


@dataclass(frozen=True)
class Listener:
    port: int
    """The one that was chosen, if it was for us to choose."""
    checks: Any
    """A grpc.health.v1 servicer for asyncio, which not all published types know of."""

    async def report(self, service: str, *, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse
        await self.checks.set(service, status.SERVING if serving else status.NOT_SERVING)


@asynccontextmanager
async def listening(
    port: int,
    *,
    host: str | None = None,
    services: Sequence[str] = (),
    register: Callable[[grpc.aio.Server], None] = lambda server: None,
) -> AsyncIterator[Listener]:
    """Serve on *port* (0 for any) what *register* adds, and the health of *services* and of the whole.

    On every address of this machine, or on the one IPv4 address *host*.

    At the end the health is NOT_SERVING before the port closes, and calls in flight get a moment to finish.
    """
    bound = find_host(port, EVERY_ADDRESS if host is None else ((socket.AF_INET, host),))
    server = grpc.aio.server(options=SERVER_OPTIONS)
    checks = health.aio.HealthServicer()  # type: ignore[attr-defined, unused-ignore]
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    register(server)
    listener = Listener(server.add_insecure_port(f"{bound}:{port}"), checks)
    for service in ("", *services):
        await listener.report(service, serving=True)
    await server.start()
    try:
        yield listener
    finally:
        await checks.enter_graceful_shutdown()
        await server.stop(STOP_GRACE_S)


def find_host(port: int, addresses: Sequence[tuple[socket.AddressFamily, str]] = EVERY_ADDRESS) -> str:
    """All addresses of this machine, as gRPC writes them: IPv6 and IPv4, or IPv4 where there is no IPv6.

    A socket of our own tries the port first, because gRPC does not say why it could not bind.
    """
    for family, host in addresses:
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        try:
            with socket.create_server((host, port), family=family, dualstack_ipv6=both):
                return f"[{host}]" if family == socket.AF_INET6 else host
        except OSError as error:
            reason = os.strerror(error.errno or 0)
    raise GrpcdemoError(f"cannot listen on port {port}: {reason}")
