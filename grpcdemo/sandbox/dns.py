"""Plays the cluster's DNS for headless Services: a name is the addresses of the ready pods at the moment of the query.

gRPC asks it by a target such as `dns://127.0.0.1:40053/grpc-server.default.svc.cluster.local:50051`, so that a client
learns of other pods exactly when gRPC resolves a name again, as on a cluster. Names of other Services need no server:
their address never changes, and the kubelet writes it into the target.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from typing import cast

from grpcdemo.resources.resource import CLUSTER_DOMAIN, HEADLESS
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.network import HOST_IP
from grpcdemo.sandbox.proxy.services import ServicePort, list_service_ports

HEADER = struct.Struct("!6H")
"""Id, flags, and the numbers of questions, answers, authorities and additional records."""
QUESTION = struct.Struct("!2H")
ANSWER = struct.Struct("!3HIH4s")
A, IN = 1, 1
TTL_S = 5  # CoreDNS's
FIRST_NAME = 0xC000 | HEADER.size
"""A pointer to the name in the question."""
RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, NO_SUCH_NAME = 0x8000, 0x0400, 0x0100, 3

Lookup = Callable[[list[str]], "list[str] | None"]
"""The IPv4 addresses of a name, given its labels; None if there is no such name."""


@asynccontextmanager
async def answering_queries(store: Store) -> AsyncIterator[str]:
    """Serve DNS on a free port of this machine while the context lasts; the value is its address, `HOST:PORT`."""

    def lookup(labels: list[str]) -> list[str] | None:
        return find_addresses(labels, list_service_ports(store))

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Server(lookup), local_addr=(HOST_IP, 0))
    try:
        host, port = transport.get_extra_info("sockname")
        yield f"{host}:{port}"
    finally:
        transport.close()


def find_addresses(labels: list[str], service_ports: Iterable[ServicePort]) -> list[str] | None:
    """The ready pods of the headless Service that is named SERVICE.NAMESPACE[.svc[.cluster.local]]."""
    service, namespace, *domain = [*labels, "", ""] if len(labels) < 2 else labels
    if domain != CLUSTER_DOMAIN.split(".")[: len(domain)]:
        return None
    ready = {
        ip
        for port in service_ports
        if (port.service, port.namespace, port.cluster_ip) == (service, namespace, HEADLESS)
        for ip, _ in port.ready
    }
    return sorted(ready) or None


def build_answer(query: bytes, lookup: Lookup) -> bytes | None:
    """The answer to *query*; None to what is no query."""
    try:
        number, flags, *_ = HEADER.unpack_from(query)
        labels, end = _read_name(query, HEADER.size)
        kind, _ = QUESTION.unpack_from(query, end)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    if flags & RESPONSE:
        return None
    addresses = lookup([label.lower() for label in labels])
    found = (addresses or []) if kind == A else []
    records = [ANSWER.pack(FIRST_NAME, A, IN, TTL_S, 4, IPv4Address(address).packed) for address in found]
    outcome = RESPONSE | AUTHORITATIVE | flags & RECURSION_DESIRED | (NO_SUCH_NAME if addresses is None else 0)
    head = HEADER.pack(number, outcome, 1, len(records), 0, 0)
    return b"".join([head, query[HEADER.size : end + QUESTION.size], *records])


def _read_name(message: bytes, start: int) -> tuple[list[str], int]:
    """The labels of the name at *start*, and where it ends."""
    labels = []
    while length := message[start]:
        labels.append(message[start + 1 : start + 1 + length].decode("ascii"))
        start += 1 + length
    return labels, start + 1


class _Server(asyncio.DatagramProtocol):
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if answer := build_answer(data, self._lookup):
            self._transport.sendto(answer, addr)
