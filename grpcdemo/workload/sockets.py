"""The kernel's tables of TCP sockets, `/proc/net/tcp` and `tcp6`: of all processes in one network namespace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Literal

HEAD = "local_address"
"""Stands in the first line of each table."""
ESTABLISHED = "01"


@dataclass(frozen=True)
class Socket:
    """One end of an established connection. IPv4 in IPv6, as a server on all addresses has it, is told as IPv4."""

    local_ip: str
    local_port: int
    remote_ip: str
    remote_port: int
    inode: str


def parse_sockets(text: str, byteorder: Literal["little", "big"] = sys.byteorder) -> Iterator[Socket]:
    """The established connections in one or more tables of a machine with this *byteorder*.

    Raises ValueError for a row that is none.
    """
    for row in filter(None, text.splitlines()):
        if HEAD in row:
            continue
        fields = row.split()
        if len(fields) < 10:
            raise ValueError(f"no row of a table of sockets: {row!r}")
        if fields[3] == ESTABLISHED:
            (local_ip, local_port), (remote_ip, remote_port) = (_parse_end(end, byteorder) for end in fields[1:3])
            yield Socket(local_ip, local_port, remote_ip, remote_port, fields[9])


def _parse_end(text: str, byteorder: Literal["little", "big"]) -> tuple[str, int]:
    """An address such as `0100007F:C383`: the kernel writes it in words of its byte order."""
    digits, port = text.split(":")
    words = [int(digits[start : start + 8], 16).to_bytes(4, byteorder) for start in range(0, len(digits), 8)]
    address = ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address), int(port, 16)
