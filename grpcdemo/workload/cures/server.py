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
from grpcdemo.workload.cures.crash import crashing_on_request
from grpcdemo.workload.cures.http1 import serving_http
from grpcdemo.workload.cures.orca import Load, ReportingService
from grpcdemo.workload.listener import listening
from grpcdemo.workload.logfmt import format_fields
from grpcdemo.workload.options import add_choice, add_option, number_between, parse_port
from grpcdemo.workload.process import emit, run
from grpcdemo.workload.server import SERVICE_NAME, IdentityService, find_identity, format_listening, register

LONGEST_AGE_S = 86_400


@dataclass(frozen=True)
class Options:
    """The demo's options, and those of cures."""

    demo: server.Options
    health_port: int = 0
    """A port of its own for probes, so that each connection to the other one is a client's."""
    http_port: int = 0
    crash_port: int = 0
    max_connection_age_s: float = 0
    """0 for no maximum."""
    max_connection_age_grace_s: float = 0
    """0 for no limit."""
    load_reports: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: serve(options, find_identity(os.environ), stop))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.cures.server", description=__doc__)
    server.add_options(parser)
    add_option(parser, "--health-port", "50052", parse_port, "port for health checks, 0 for any free one")
    add_option(parser, "--http-port", "50053", parse_port, "port for HTTP/1.1, 0 for any free one")
    add_option(parser, "--crash-port", "50054", parse_port, "port on which a request ends the server, 0 for any")
    seconds = number_between(0, LONGEST_AGE_S)
    age = "seconds after which a connection is closed, 0 for never"
    add_option(parser, "--max-connection-age", "0", seconds, age)
    grace = "seconds that calls then have to finish, 0 for as long as they take"
    add_option(parser, "--max-connection-age-grace", "0", seconds, grace)
    add_choice(parser, "--load-reports", ("off", "on"), "whether answers report the server's load (ORCA)")
    args = parser.parse_args(argv)
    ports = (args.health_port, args.http_port, args.crash_port)
    ages = (args.max_connection_age, args.max_connection_age_grace)
    return Options(server.read_options(args), *ports, *ages, args.load_reports == "on")


async def serve(
    options: Options, identity: GetIdentityResponse, stop: asyncio.Event, log: Callable[[str], None] = emit
) -> None:
    """Answer calls until *stop*, and log the connections. Raises GrpcdemoError if it cannot listen."""
    host = options.demo.host
    service = ReportingService(identity, Load()) if options.load_reports else IdentityService(identity)
    calls = listening(
        options.demo.port,
        host=host,
        services=[SERVICE_NAME],
        register=partial(register, service),
        options=age_options(options),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(options.health_port, host=host))
        await stack.enter_async_context(crashing_on_request(options.crash_port, host=host))
        http_port = await stack.enter_async_context(serving_http(options.http_port, identity, host=host))
        port = (await stack.enter_async_context(calls)).port
        log(format_listening(identity, port=port, http_port=http_port))
        await report_connections(partial(count_connections, {port, http_port}, "local"), stop, log)
        log(format_fields(event="stopping"))
    log(format_fields(event="stopped"))


def age_options(options: Options) -> list[tuple[str, int]]:
    ages = {
        "grpc.max_connection_age_ms": options.max_connection_age_s,
        "grpc.max_connection_age_grace_ms": options.max_connection_age_grace_s,
    }
    return [(name, round(seconds * 1000)) for name, seconds in ages.items() if seconds]


if __name__ == "__main__":
    sys.exit(main())
