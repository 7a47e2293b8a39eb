"""Addresses: each sandbox has its own, and each leads to one place."""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from grpcdemo.sandbox.network import Network, reserve_network

Reserve = Callable[..., Network]


@pytest.fixture
def reserve() -> Iterator[Reserve]:
    """`reserve_network`, whose networks are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(contextlib.closing(reserve_network(**options)))


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="127.x.y.z answers on Linux only")


@on_linux
def test_on_linux_an_address_is_where_it_says(reserve: Reserve) -> None:
    network = reserve()
    ip = network.allocate_pod()
    assert ip.startswith("127.")
    assert network.reach(ip, 50051) == (ip, 50051)


@on_linux
def test_a_privileged_port_is_moved(reserve: Reserve) -> None:
    network = reserve()
    assert network.reach("127.9.0.2", 80) == ("127.9.0.2", 60080)


def test_elsewhere_each_address_and_port_is_a_port_of_its_own(reserve: Reserve) -> None:
    network = reserve(virtual=True)
    first, second = network.allocate_pod(), network.allocate_pod()
    assert (first, second) == ("10.244.0.2", "10.244.0.3")
    places = {network.reach(ip, port) for ip in (first, second) for port in (50051, 50052)}
    assert len(places) == 4
    assert {host for host, _ in places} == {"127.0.0.1"}
    assert network.reach(first, 50051) == network.reach(first, 50051)


@pytest.mark.parametrize("virtual", [False, True])
def test_two_sandboxes_never_have_the_same_place(reserve: Reserve, virtual: bool) -> None:
    assert places(reserve(virtual=virtual)).isdisjoint(places(reserve(virtual=virtual)))


def places(network: Network) -> set[tuple[str, int]]:
    return {network.reach(network.allocate_pod(), 50051) for _ in range(50)}


def test_a_service_keeps_its_address(reserve: Reserve) -> None:
    network = reserve(virtual=True)
    address = network.service_address("demo", "grpc-server")
    assert address == "10.96.0.2"
    assert network.service_address("demo", "grpc-server") == address
    assert network.service_address("other", "grpc-server") != address


def test_a_freed_address_is_not_the_next(reserve: Reserve) -> None:
    network = reserve(virtual=True)
    first = network.allocate_pod()
    port = network.reach(first, 50051)
    network.free(first)
    second = network.allocate_pod()
    assert second != first
    assert network.reach(second, 50051) != port


@on_linux
def test_a_taken_port_that_is_needed_leads_to_ports(reserve: Reserve) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        network = reserve(needed=[taken.getsockname()[1]])
        assert network.reach(network.allocate_pod(), 50051)[0] == "127.0.0.1"


def test_a_taken_port_is_skipped(reserve: Reserve) -> None:
    network = reserve(virtual=True)
    host, port = network.reach("10.244.0.2", 1)
    with socket.create_server((host, port + 1)):
        assert network.reach("10.244.0.2", 2) == (host, port + 2)
