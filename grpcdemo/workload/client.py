"""The client: calls the server continuously over one channel, and logs which pod answered.

It is a plain gRPC client, which is the point of the demo: one long-lived connection with the default policy
`pick_first`. Nothing in here spreads calls over pods.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count

import grpc

from grpcdemo.pb.identity_pb2 import GetIdentityRequest
from grpcdemo.pb.identity_pb2_grpc import IdentityServiceStub
from grpcdemo.waiting import is_set_within
from grpcdemo.workload.call_log import Call, format_call
from grpcdemo.workload.liveness import Vitals, answering_probes
from grpcdemo.workload.logfmt import format_fields
from grpcdemo.workload.options import add_host, add_option, number_between, parse_port
from grpcdemo.workload.pacing import BACKOFF_CAP_S, Backoff, Pace
from grpcdemo.workload.process import emit, run, run_until

OK = grpc.StatusCode.OK.name
STOP_GRACE_S = 1.0

# None of these may choose a load-balancing policy.
CHANNEL_OPTIONS = (
    # Between attempts to connect, gRPC would back off up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Despite its name, the timeout of one attempt: 20 s by default, in which every call fails.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    # A recreated Service has another address. The default is 30 s.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    # An http_proxy in the environment is for egress, not for a server in the cluster.
    ("grpc.enable_http_proxy", 0),
)


@dataclass(frozen=True)
class Options:
    """What to call, how many times a second, and each call's deadline."""

    target: str
    rate: float
    deadline_s: float
    health_port: int | None
    host: str | None = None
    """The address of the health port; None for every address."""

    @property
    def silence_limit_s(self) -> float:
        """Twice the longest time between the ends of two calls of a client that works."""
        return 2 * (1 / self.rate + BACKOFF_CAP_S + self.deadline_s)


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: call_server(options, stop))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.client", description=__doc__)
    add_options(parser)
    return read_options(parser.parse_args(argv))


def add_options(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "--target", "dns:///grpc-server:50051", str, "the server, as a gRPC target")
    add_option(parser, "--rate", "50", number_between(0.001, 10_000), "calls a second")
    add_option(parser, "--deadline", "2", number_between(0.001, 3600), "deadline of each call in seconds")
    health_port = "port for health checks, 0 for any free one, or off"
    add_option(parser, "--health-port", "50052", _parse_health_port, health_port)
    add_host(parser)


def read_options(args: argparse.Namespace) -> Options:
    return Options(args.target, args.rate, args.deadline, args.health_port, args.host)


def _parse_health_port(text: str) -> int | None:
    return None if text == "off" else parse_port(text)


async def call_server(options: Options, stop: asyncio.Event, log: Callable[[str], None] = emit) -> None:
    """Call over one channel until *stop*."""
    async with open_channel(options.target) as channel:
        stub = IdentityServiceStub(channel)  # type: ignore[no-untyped-call]  # protoc writes no types
        await keep_calling(options, partial(attempt, stub, options.deadline_s), stop, log)


async def keep_calling(
    options: Options, attempt: Callable[[int], Awaitable[Call]], stop: asyncio.Event, log: Callable[[str], None]
) -> None:
    """Answer probes, and call until *stop*; then give a call in flight a moment to finish."""
    vitals = Vitals()
    async with AsyncExitStack() as stack:
        started: dict[str, object] = {"event": "calling", "target": options.target, "rate": f"{options.rate:g}"}
        if options.health_port is not None:
            probed = answering_probes(options.health_port, vitals, host=options.host, limit_s=options.silence_limit_s)
            started["health_port"] = (await stack.enter_async_context(probed)).port
        log(format_fields(**started))
        pace, backoff = Pace(options.rate), Backoff()
        calls = call_repeatedly(attempt, pace=pace, backoff=backoff, stop=stop, vitals=vitals, log=log)
        await run_until(stop, calls, grace_s=STOP_GRACE_S)


def open_channel(target: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)


async def call_repeatedly(
    attempt: Callable[[int], Awaitable[Call]],
    *,
    pace: Pace,
    backoff: Backoff,
    stop: asyncio.Event,
    vitals: Vitals,
    log: Callable[[str], None],
) -> None:
    """Make one *attempt* after the other until *stop*; log each, and report it to *vitals*."""
    for seq in count(1):
        call = await attempt(seq)
        log(format_call(call))
        vitals.beat.set()
        delay_s = pace.next_delay_s()
        if call.code == OK:
            vitals.answered.set()
            backoff.reset()
        else:
            delay_s = max(delay_s, backoff.next_delay_s())
        if await is_set_within(stop, delay_s):
            return


async def attempt(stub: IdentityServiceStub, deadline_s: float, seq: int) -> Call:
    """Make call number *seq*. A gRPC error is returned, not raised."""
    start = time.perf_counter()

    def elapsed_ms() -> float:
        return (time.perf_counter() - start) * 1000

    try:
        answer = await stub.GetIdentity(GetIdentityRequest(), timeout=deadline_s)
    except grpc.aio.AioRpcError as error:
        return Call(seq, error.code().name, None, None, elapsed_ms(), error.details())
    return Call(seq, OK, answer.pod_name, answer.pod_ip, elapsed_ms(), None)


if __name__ == "__main__":
    sys.exit(main())
