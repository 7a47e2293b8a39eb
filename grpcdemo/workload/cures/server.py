"""The server of `compare`: the demo's, with the options that cures need."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from grpcdemo.pb.identity_pb2 import GetIdentityResponse
from grpcdemo.workload import server
from grpcdemo.workload.cures.connections import count_connections, report_connections
from grpcdemo.workload.listener import listening
from grpcdemo.workload.logfmt import format_fields
from grpcdemo.workload.options import add_option, parse_port
from grpcdemo.workload.process import emit, run
from grpcdemo.workload.server import SERVICE_NAME, IdentityService, find_identity, format_listening, register


@dataclass(frozen=True)
class Options:
    """The demo's options, and those of cures."""

    demo: server.Options
    health_port: int
    """A port of its own for probes, so that each connection to the other one is a client's."""


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: serve(options, find_identity(os.environ), stop))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.cures.server", description=__doc__)
    server.add_options(parser)
    add_option(parser, "--health-port", "50052", parse_port, "port for health checks, 0 for any free one")
    args = parser.parse_args(argv)
    return Options(server.read_options(args), args.health_port)


async def serve(
    options: Options, identity: GetIdentityResponse, stop: asyncio.Event, log: Callable[[str], None] = emit
) -> None:
    """Answer calls until *stop*, and log the connections. Raises GrpcdemoError if it cannot listen."""
    host = options.demo.host
    add = partial(register, IdentityService(identity))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(options.health_port, host=host))
        listener = await stack.enter_async_context(
            listening(options.demo.port, host=host, services=[SERVICE_NAME], register=add)
        )
        log(format_listening(listener.port, identity))
        count = partial(count_connections, [listener.port], "local")
        await report_connections(count, stop, log)
        log(format_fields(event="stopping"))
    log(format_fields(event="stopped"))


if __name__ == "__main__":
    sys.exit(main())
