"""Addresses: each sandbox has its own, and everybody finds the same place behind them."""

from __future__ import annotations

import contextlib
import socket
import sys

import pytest

from grpcdemo.sandbox.network import Network, reserve_network

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="127.x.y.z answers on Linux only")


@on_linux
def test_on_linux_an_address_is_where_it_says() -> None:
    with contextlib.closing(reserve_network()) as network:
        ip = network.allocate_pod()
        assert ip.startswith("127.")
        assert network.reach(ip, 50051) == (ip, 50051)


@on_linux
def test_a_port_that_takes_root_is_found_elsewhere() -> None:
    with contextlib.closing(reserve_network()) as network:
        assert network.reach("127.9.0.2", 80) == ("127.9.0.2", 60080)


def test_elsewhere_each_address_and_port_is_a_port_of_its_own() -> None:
    with contextlib.closing(reserve_network(virtual=True)) as network:
        first, second = network.allocate_pod(), network.allocate_pod()
        assert (first, second) == ("10.244.0.2", "10.244.0.3")
        places = {network.reach(ip, port) for ip in (first, second) for port in (50051, 50052)}
        assert len(places) == 4
        assert {host for host, _ in places} == {"127.0.0.1"}
        assert network.reach(first, 50051) == network.reach(first, 50051)


@pytest.mark.parametrize("virtual", [False, True])
def test_two_sandboxes_never_have_the_same_place(virtual: bool) -> None:
    with (
        contextlib.closing(reserve_network(virtual=virtual)) as one,
        contextlib.closing(reserve_network(virtual=virtual)) as two,
    ):
        assert places(one).isdisjoint(places(two))


def places(network: Network) -> set[tuple[str, int]]:
    return {network.reach(network.allocate_pod(), 50051) for _ in range(50)}


def test_a_service_keeps_its_address() -> None:
    with contextlib.closing(reserve_network(virtual=True)) as network:
        address = network.service_address("demo", "grpc-server")
        assert address == "10.96.0.2"
        assert network.service_address("demo", "grpc-server") == address
        assert network.service_address("other", "grpc-server") != address


def test_a_freed_address_is_not_the_next() -> None:
    with contextlib.closing(reserve_network(virtual=True)) as network:
        first = network.allocate_pod()
        port = network.reach(first, 50051)
        network.free(first)
        second = network.allocate_pod()
        assert second != first
        assert network.reach(second, 50051) != port


@on_linux
def test_where_somebody_has_a_needed_port_on_every_address_ports_are_used() -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as taken,
        contextlib.closing(reserve_network(needed=[taken.getsockname()[1]])) as network,
    ):
        assert network.reach(network.allocate_pod(), 50051)[0] == "127.0.0.1"


def test_a_port_that_somebody_else_has_is_passed_over() -> None:
    with contextlib.closing(reserve_network(virtual=True)) as network:
        host, port = network.reach("10.244.0.2", 1)
        with socket.create_server((host, port + 1)):
            assert network.reach("10.244.0.2", 2) == (host, port + 2)
