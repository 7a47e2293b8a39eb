"""Connections of this machine, as the kernel tells them without a privilege."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from grpcdemo.workload.inet_diag import read_connections

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="connections can only be read on Linux")


@contextmanager
def connected(family: socket.AddressFamily, address: str) -> Iterator[tuple[int, socket.socket]]:
    """A connection to *address* from this machine: the server's port, and the client's end."""
    host, dual = ("::", True) if family == socket.AF_INET6 else (address, False)
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((host, 0), family=family, dualstack_ipv6=dual))
        port = server.getsockname()[1]
        client = stack.enter_context(socket.create_connection((address, port)))
        accepted = stack.enter_context(server.accept()[0])
        client.sendall(b"first")
        accepted.recv(100)
        yield port, client


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "127.0.0.1"), (socket.AF_INET6, "::1")],
)
def test_a_connection_is_told_with_the_segments_that_came(family: socket.AddressFamily, address: str) -> None:
    with connected(family, address) as (port, client):
        (before,) = read_connections(port)
        for _ in range(3):
            client.sendall(b"again")
        (after,) = read_connections(port)
    assert (before.local, before.remote, before.data_segments) == (address, address, 1)
    assert before.cookie == after.cookie
    assert 1 < after.data_segments <= 4  # the kernel may join some


def test_other_ports_and_what_is_closed_are_not_told() -> None:
    with connected(socket.AF_INET, "127.0.0.1") as (_, client):
        assert [one.remote for one in read_connections(client.getsockname()[1])] == ["127.0.0.1"]
        with socket.create_server(("127.0.0.1", 0)) as listening:
            assert read_connections(listening.getsockname()[1]) == []
    with connected(socket.AF_INET, "127.0.0.1") as (port, _):
        pass
    assert read_connections(port) == []
