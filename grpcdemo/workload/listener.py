"""Listen on one port with health checks, and shut down gracefully: for both programs."""

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

# By default, a second process could share the port silently and take half of the connections.
SERVER_OPTIONS = (("grpc.so_reuseport", 0),)

EVERY_ADDRESS = ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0"))


@dataclass(frozen=True)
class Listener:
    """A gRPC server that listens."""

    port: int
    """The port that was bound, if any free one was asked for."""
    checks: Any
    """A grpc.health.v1 servicer for asyncio, which some type stubs lack."""

    async def report(self, service: str, *, serving: bool) -> None:
        """Set the health of *service*, or of the whole server for an empty name."""
        status = health_pb2.HealthCheckResponse
        await self.checks.set(service, status.SERVING if serving else status.NOT_SERVING)


@asynccontextmanager
async def listening(
    port: int,
    *,
    host: str | None = None,
    services: Sequence[str] = (),
    register: Callable[[grpc.aio.Server], None] = lambda server: None,
    options: Sequence[tuple[str, int]] = (),
) -> AsyncIterator[Listener]:
    """Serve what *register* adds, and health checks for *services* and the whole server.

    Listen on *port* (0 for any free one) of every address, or of the one IPv4 address *host*; *options* are gRPC's. At
    the end, health turns NOT_SERVING before the port closes, and calls in flight get a moment to finish. Raises
    GrpcdemoError if the port cannot be bound.
    """
    bound = find_host(port, EVERY_ADDRESS if host is None else ((socket.AF_INET, host),))
    server = grpc.aio.server(options=(*SERVER_OPTIONS, *options))
    checks = health.aio.HealthServicer()  # type: ignore[attr-defined, unused-ignore]  # types-grpcio lacks aio
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
    """The first of *addresses* on which *port* can be bound, as gRPC writes it: IPv6 and IPv4, or IPv4 alone.

    Bind a plain socket first, because gRPC does not tell why it cannot bind. Raises GrpcdemoError if no address works.
    """
    for family, host in addresses:
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        try:
            with socket.create_server((host, port), family=family, dualstack_ipv6=both):
                return f"[{host}]" if family == socket.AF_INET6 else host
        except OSError as error:
            reason = os.strerror(error.errno or 0)
    raise GrpcdemoError(f"cannot listen on port {port}: {reason}")
