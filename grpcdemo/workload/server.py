"""The server: answers every call with its pod's identity. With reflection, grpcurl and ghz need no proto file."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from grpcdemo.pb import identity_pb2_grpc
from grpcdemo.pb.identity_pb2 import DESCRIPTOR, GetIdentityRequest, GetIdentityResponse
from grpcdemo.workload.listener import listening
from grpcdemo.workload.logfmt import format_fields
from grpcdemo.workload.options import add_host, add_option, parse_port
from grpcdemo.workload.process import emit, run
from grpcdemo.workload.symbols import SymbolPool

DEFAULT_PORT = 50051
SERVICE_NAME = DESCRIPTOR.services_by_name["IdentityService"].full_name


@dataclass(frozen=True)
class Options:
    """Where to listen."""

    port: int
    host: str | None
    """None for every address."""


class IdentityService(identity_pb2_grpc.IdentityServiceServicer):
    """Answers every call with the same *identity*."""

    def __init__(self, identity: GetIdentityResponse) -> None:
        self._identity = identity

    async def GetIdentity(
        self, request: GetIdentityRequest, context: grpc.aio.ServicerContext[GetIdentityRequest, GetIdentityResponse]
    ) -> GetIdentityResponse:
        return self._identity


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: serve(options.port, find_identity(os.environ), stop, host=options.host))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.server", description=__doc__)
    add_options(parser)
    return read_options(parser.parse_args(argv))


def add_options(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "--port", str(DEFAULT_PORT), parse_port, "port to listen on, 0 for any free one")
    add_host(parser)


def read_options(args: argparse.Namespace) -> Options:
    return Options(args.port, args.host)


def find_identity(environ: Mapping[str, str]) -> GetIdentityResponse:
    """The pod's identity, from the downward API's variables in *environ*; outside a pod, this machine's."""
    hostname = socket.gethostname()
    return GetIdentityResponse(
        pod_name=environ.get("POD_NAME") or hostname,
        pod_ip=environ.get("POD_IP") or "127.0.0.1",
        node_name=environ.get("NODE_NAME") or hostname,
        start_time=datetime.now(timezone.utc),
    )


async def serve(
    port: int,
    identity: GetIdentityResponse,
    stop: asyncio.Event,
    log: Callable[[str], None] = emit,
    *,
    host: str | None = None,
) -> None:
    """Answer calls on *port* until *stop*, and log start and end. Raises GrpcdemoError if it cannot listen."""
    add = partial(register, IdentityService(identity))
    async with listening(port, host=host, services=[SERVICE_NAME], register=add) as listener:
        log(format_listening(identity, port=listener.port))
        await stop.wait()
        log(format_fields(event="stopping"))
    log(format_fields(event="stopped"))


def format_listening(identity: GetIdentityResponse, **ports: int) -> str:
    pod = {"pod": identity.pod_name, "pod_ip": identity.pod_ip, "node": identity.node_name}
    return format_fields(event="listening", **ports, **pod)


def register(service: identity_pb2_grpc.IdentityServiceServicer, server: grpc.aio.Server) -> None:
    """Add *service*, and reflection."""
    add_service = identity_pb2_grpc.add_IdentityServiceServicer_to_server
    add_service(service, server)  # type: ignore[no-untyped-call]  # protoc writes no types
    services = (SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(services, server, pool=SymbolPool(descriptor_pool.Default()))


if __name__ == "__main__":
    sys.exit(main())
