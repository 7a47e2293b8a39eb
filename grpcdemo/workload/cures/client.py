"""The client of `compare`: the demo's, with the options that cures need; all others are gRPC's defaults."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from grpcdemo.workload import client
from grpcdemo.workload.client import keep_calling
from grpcdemo.workload.cures.connections import count_connections, report_connections
from grpcdemo.workload.cures.http1 import HttpCaller
from grpcdemo.workload.cures.pool import GrpcCaller, PoolOptions
from grpcdemo.workload.options import add_choice, add_option, count_from
from grpcdemo.workload.process import emit, run

PORT = re.compile(r":([0-9]+)(?=,|$)")
"""At the end of an address of a target."""


@dataclass(frozen=True)
class Options:
    """The demo's options, and those of cures."""

    demo: client.Options
    pool: PoolOptions
    http1: bool = False
    """Call by HTTP/1.1 in place of gRPC."""


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: call_server(options, stop))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.cures.client", description=__doc__)
    client.add_options(parser)
    add_choice(parser, "--protocol", ("grpc", "http1"), "what to call by")
    add_option(parser, "--policy", "pick_first", str, "gRPC's load-balancing policy")
    add_option(parser, "--channels", "1", count_from(1), "channels that are used in turn")
    add_choice(parser, "--subchannels", ("shared", "local"), "whether channels to one target share connections")
    calls = "calls after which a channel, or a connection of HTTP/1.1, is replaced; 0 for never"
    add_option(parser, "--calls-per-channel", "0", count_from(0), calls)
    args = parser.parse_args(argv)
    pool = PoolOptions(args.policy, args.channels, args.subchannels == "local", args.calls_per_channel)
    return Options(client.read_options(args), pool, args.protocol == "http1")


async def call_server(options: Options, stop: asyncio.Event, log: Callable[[str], None] = emit) -> None:
    """Call until *stop*, and log the connections."""
    demo = options.demo
    count = partial(count_connections, ports_of(demo.target), "remote")
    reporting = asyncio.create_task(report_connections(count, stop, log))
    caller = (
        HttpCaller(demo.target, demo.deadline_s, options.pool.calls_per_channel)
        if options.http1
        else GrpcCaller(demo.target, demo.deadline_s, options.pool)
    )
    try:
        await keep_calling(demo, caller.attempt, stop, log)
    finally:
        reporting.cancel()
        await caller.close()


def ports_of(target: str) -> set[int]:
    """The ports that a gRPC target names: `dns:///grpc-server:50051`, `ipv4:10.0.0.1:50051,10.0.0.2:50051`."""
    return {int(port) for port in PORT.findall(target)}


if __name__ == "__main__":
    sys.exit(main())
