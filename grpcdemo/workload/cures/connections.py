"""The line that both programs log once a second: how many TCP connections they have, and with how many addresses.

    event=connections open=3 peers=3

Writer and parser live side by side, as in the call log. A connection ends where the kernel says so: with a sidecar, the
peer of the client is still the address that it called, and the peer of the server is the sidecar, whatever stands
behind it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grpcdemo.waiting import is_set_within
from grpcdemo.workload.logfmt import format_fields
from grpcdemo.workload.sockets import Socket, parse_sockets

EVERY_S = 1.0
PROC = Path("/proc/self")
SOCKET = re.compile(r"socket:\[([0-9]+)\]")
End = Literal["local", "remote"]

_LINE = re.compile(rb"[^ ]{20,35} event=connections open=([0-9]{1,9}) peers=([0-9]{1,9})\r?")


@dataclass(frozen=True)
class Connections:
    """Those of one process at one moment."""

    open: int
    peers: int
    """How many addresses are at their other ends."""


def format_connections(connections: Connections) -> str:
    return format_fields(event="connections", open=connections.open, peers=connections.peers)


def parse_connections(line: bytes) -> Connections | None:
    """The connections that a *line* with its timestamp tells of, if it does. Never raises."""
    match = _LINE.fullmatch(line.rstrip(b"\n"))
    return Connections(int(match[1]), int(match[2])) if match else None


async def report_connections(
    count: Callable[[], Connections | None],
    stop: asyncio.Event,
    log: Callable[[str], None],
    *,
    every_s: float = EVERY_S,
) -> None:
    """Until *stop*, log every so many seconds what *count* counts, unless it cannot."""
    while not await is_set_within(stop, every_s):
        if (connections := count()) is not None:
            log(format_connections(connections))


def count_connections(ports: Iterable[int], end: End, *, proc: Path = PROC) -> Connections | None:
    """The established connections of this process with one of *ports* at this *end*; None where there is no /proc."""
    wanted, own = set(ports), _own_inodes(proc)
    if own is None:
        return None
    sockets = [
        socket
        for socket in _established(proc)
        if socket.inode in own and (socket.local_port if end == "local" else socket.remote_port) in wanted
    ]
    return Connections(len(sockets), len({socket.remote_ip for socket in sockets}))


def _own_inodes(proc: Path) -> set[str] | None:
    try:
        descriptors = list((proc / "fd").iterdir())
    except OSError:
        return None
    inodes = set()
    for descriptor in descriptors:
        with suppress(OSError):  # closed since it was listed
            if match := SOCKET.fullmatch(str(descriptor.readlink())):
                inodes.add(match[1])
    return inodes


def _established(proc: Path) -> Iterator[Socket]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):  # no IPv6
            yield from parse_sockets((proc / "net" / table).read_text(encoding="ascii"))
