"""What Linux knows of the TCP connections in a network namespace, as `ss --info` shows it.

It takes neither a privilege nor a program: sock_diag(7) tells every process of its own namespace. The layouts are those
of linux/netlink.h, linux/inet_diag.h and linux/tcp.h.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
INET_DIAG_INFO = 2
TCP_ESTABLISHED = 1

HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence number, sender."""
REQUEST = struct.Struct("=BBBxI2H16s16s3I")
"""inet_diag_req_v2: family, protocol, extensions, states, and an inet_diag_sockid: the ports and addresses of both ends
in network order, an interface, a cookie."""
CONNECTION = struct.Struct("=4B2H16s16s3I20x")
"""inet_diag_msg: family, state, timer, retransmits, and an inet_diag_sockid."""
ATTRIBUTE = struct.Struct("=HH")
"""rtattr: length, type."""
DATA_SEGS_IN = struct.Struct("=152xI")
"""tcp_info, up to tcpi_data_segs_in, which Linux has since 4.6."""

BUFFER = 1 << 18
"""More than the kernel puts into one answer."""


@dataclass(frozen=True)
class Connection:
    """An established one, as this end sees it."""

    cookie: tuple[int, int]
    """Which one it is. No other one ever gets it."""
    local: str
    remote: str
    """An address; IPv4 also where the socket is an IPv6 one."""
    data_segments: int
    """How many with data have come in since it began."""


def read_connections(port: int) -> list[Connection]:
    """Those whose local port is *port*. Raises OSError where the kernel does not tell."""
    if sys.platform != "linux":
        raise OSError("connections can only be read on Linux")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        return [one for family in (socket.AF_INET, socket.AF_INET6) for one in _ask(netlink, family, port)]


def _ask(netlink: socket.socket, family: int, port: int) -> Iterator[Connection]:
    extensions, states = 1 << INET_DIAG_INFO - 1, 1 << TCP_ESTABLISHED
    request = REQUEST.pack(
        family, socket.IPPROTO_TCP, extensions, states, socket.htons(port), 0, b"", b"", 0, 2**32 - 1, 2**32 - 1
    )
    flags = NLM_F_REQUEST | NLM_F_DUMP
    netlink.send(HEADER.pack(HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, flags, 0, 0) + request)
    while True:
        for kind, body in _messages(netlink.recv(BUFFER)):
            if kind == NLMSG_DONE:
                return
            if kind == NLMSG_ERROR:
                (number,) = struct.unpack_from("=i", body)
                raise OSError(-number, "the kernel does not provide its connections")
            yield _read(body)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        length, kind, *_ = HEADER.unpack_from(data)
        yield kind, data[HEADER.size : length]
        data = data[_aligned(length) :]


def _read(body: bytes) -> Connection:
    """Raises OSError if the kernel is too old."""
    family, _, _, _, _, _, local, remote, _, *cookie = CONNECTION.unpack_from(body)
    info = dict(_attributes(body[CONNECTION.size :])).get(INET_DIAG_INFO, b"")
    if len(info) < DATA_SEGS_IN.size:
        raise OSError("the kernel does not count the segments of a connection: Linux does since 4.6")
    (segments,) = DATA_SEGS_IN.unpack_from(info)
    return Connection((cookie[0], cookie[1]), _address(family, local), _address(family, remote), segments)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        yield kind, data[ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _address(family: int, packed: bytes) -> str:
    address = ip_address(packed[:4] if family == socket.AF_INET else packed)
    return str(address.ipv4_mapped or address if isinstance(address, IPv6Address) else address)


def _aligned(length: int) -> int:
    return (length + 3) & ~3
