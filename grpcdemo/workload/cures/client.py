"""The client of `compare`: the demo's, with the options that cures need."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import grpc

from grpcdemo.pb.identity_pb2_grpc import IdentityServiceStub
from grpcdemo.workload import client
from grpcdemo.workload.client import attempt, keep_calling
from grpcdemo.workload.cures.connections import count_connections, report_connections
from grpcdemo.workload.options import add_option
from grpcdemo.workload.process import emit, run

PORT = re.compile(r":([0-9]+)(?=,|$)")


@dataclass(frozen=True)
class Options:
    """The demo's options, and those of cures."""

    demo: client.Options
    policy: str
    """The name of a load-balancing policy of gRPC."""


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: call_server(options, stop))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.cures.client", description=__doc__)
    client.add_options(parser)
    add_option(parser, "--policy", "pick_first", str, "gRPC's load-balancing policy")
    args = parser.parse_args(argv)
    return Options(client.read_options(args), args.policy)


async def call_server(options: Options, stop: asyncio.Event, log: Callable[[str], None] = emit) -> None:
    """Call until *stop*, and log the connections."""
    count = partial(count_connections, ports_of(options.demo.target), "remote")
    reporting = asyncio.create_task(report_connections(count, stop, log))
    try:
        async with open_channel(options) as channel:
            stub = IdentityServiceStub(channel)  # type: ignore[no-untyped-call]  # protoc writes no types
            await keep_calling(options.demo, partial(attempt, stub, options.demo.deadline_s), stop, log)
    finally:
        reporting.cancel()


def open_channel(options: Options) -> grpc.aio.Channel:
    config = json.dumps({"loadBalancingConfig": [{options.policy: {}}]})
    return grpc.aio.insecure_channel(options.demo.target, options=(("grpc.service_config", config),))


def ports_of(target: str) -> set[int]:
    """The ports that a gRPC target names: `dns:///grpc-server:50051`, `ipv4:10.0.0.1:50051,10.0.0.2:50051`."""
    return {int(port) for port in PORT.findall(target)}


if __name__ == "__main__":
    sys.exit(main())
