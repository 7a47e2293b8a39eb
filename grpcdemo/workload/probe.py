"""The probe: counts what arrives at one port of its pod, by caller, without touching a connection. Ends by itself.

It runs in an ephemeral container beside a server that nobody counts for: no sidecar, no metrics, not even a shell. A
small request is one TCP segment, encrypted or not, so segments tell about how many requests have come. Big messages
are several, and those of a stream are no requests.

A line tells what has come since the first one, and the lines of several pods fit together: each probe reads at every
full and half second. A connection counts from one reading to the next, so the kubelet's checks and whatever else comes
and goes between two readings count nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError
from grpcdemo.waiting import is_set_within
from grpcdemo.workload.inet_diag import Connection, read_connections
from grpcdemo.workload.logfmt import format_fields
from grpcdemo.workload.options import add_host, add_option, count_from, parse_port
from grpcdemo.workload.process import emit, run

EVERY_S = 0.5
LATE = 4
"""So many readings are made up for where the machine is busy, because only what all probes tell of a moment counts."""
LINE = re.compile(r'time=(?P<time>[0-9.]+) connections=[0-9]+ segments="?(?P<segments>[0-9a-f.:,]*)"?')


@dataclass(frozen=True)
class Options:
    """What to count, and how long."""

    port: int
    host: str | None
    """The server's address; None for every one in the pod."""
    reads: int
    """One each half second."""


@dataclass(frozen=True)
class Counts:
    """One line of the log."""

    time_s: float
    """Since 1970, by the node's clock."""
    segments: Mapping[str, int]
    """By the caller's address, those with data that have come in since the probe began."""


class Tally:
    """Adds up what comes from one reading to the next."""

    def __init__(self) -> None:
        self.segments: Counter[str] = Counter()
        """By the caller's address."""
        self._latest: dict[tuple[int, int], int] = {}

    def add(self, connections: Iterable[Connection]) -> None:
        latest = {}
        for one in connections:
            latest[one.cookie] = one.data_segments
            self.segments[one.remote] += one.data_segments - self._latest.get(one.cookie, one.data_segments)
        self._latest = latest


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_options(argv)
    return run(lambda stop: probe(options, stop))


def parse_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m grpcdemo.workload.probe", description=__doc__)
    add_option(parser, "--port", "50051", parse_port, "the server's port")
    add_host(parser)
    add_option(parser, "--reads", "120", count_from(1), "how often to read, twice a second")
    return Options(**vars(parser.parse_args(argv)))


async def probe(
    options: Options,
    stop: asyncio.Event,
    log: Callable[[str], None] = emit,
    *,
    read: Callable[[int], list[Connection]] = read_connections,
    every_s: float = EVERY_S,
) -> None:
    """Log a line at each full *every_s* until *stop*. Raises GrpcdemoError where the kernel does not tell."""
    tally, tick = Tally(), math.floor(time.time() / every_s)
    for _ in range(options.reads):
        tick = max(tick, math.floor(time.time() / every_s) - LATE) + 1
        if await is_set_within(stop, tick * every_s - time.time()):
            return
        try:
            connections = [one for one in read(options.port) if options.host in (None, one.local)]
        except OSError as error:
            raise GrpcdemoError(f"cannot read the connections: {error.strerror or error}") from error
        tally.add(connections)
        log(format_counts(tick * every_s, len(connections), tally.segments))


def format_counts(time_s: float, connections: int, segments: Mapping[str, int]) -> str:
    """One line. Of addresses that have no segments yet, it tells that they are there."""
    listed = ",".join(f"{address}:{number}" for address, number in sorted(segments.items()))
    return format_fields(time=f"{time_s:.3f}".rstrip("0").rstrip("."), connections=connections, segments=listed)


def parse_counts(line: str) -> Counts | None:
    """None for a line that is no count."""
    match = LINE.fullmatch(line)
    if match is None:
        return None
    listed = (each.rpartition(":") for each in match["segments"].split(",") if each)
    return Counts(float(match["time"]), {address: int(number) for address, _, number in listed})


if __name__ == "__main__":
    sys.exit(main())
