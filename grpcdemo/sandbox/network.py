"""The addresses of pods and Services, and where to reach each of them on this machine.

On Linux every 127.x.y.z is this machine, so a sandbox reserves one second octet, and a pod's IP is a real address.
If only 127.0.0.1 answers, as on macOS, the addresses are virtual, and each (IP, port) maps to a port of 127.0.0.1,
which `reach` knows. GRPCDEMO_SANDBOX_NETWORK=ports chooses virtual addresses on any machine, to try them out.
"""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network

from grpcdemo.errors import GrpcdemoError

VARIABLE = "GRPCDEMO_SANDBOX_NETWORK"
HOST_IP = "127.0.0.1"
"""The node's own address."""

OCTETS = range(2, 255)
LOCK_PORT = 20_000
"""A socket on port 20000 + x reserves the block 127.x: a different port for each, so that no foreign listener on
one port of every address makes all blocks look taken."""

BLOCKS = range(20_000, 32_000, 1_000)
"""Blocks of ports, below the ephemeral ones; a socket on its first port reserves each."""

UNPRIVILEGED = 1024
PRIVILEGED_AT = 60_000
"""Listening below port 1024 takes root, so such a port moves up by this much."""


class Network:
    """Allocates addresses. Made by `reserve_network`."""

    def __init__(self, lock: socket.socket, block: str, ports: Iterable[int] | None) -> None:
        self._lock = lock
        self._ports = None if ports is None else _Ports(ports)
        if ports is None:
            pods, services, private = f"127.{block}.0.0/17", f"127.{block}.128.0/18", f"127.{block}.192.0/18"
        else:
            pods, services, private = "10.244.0.0/16", "10.96.0.0/16", "10.245.0.0/16"
        self._pods, self._services, self._private = _Addresses(pods), _Addresses(services), _Addresses(private)
        self._names: dict[tuple[str, str], str] = {}

    @property
    def virtual(self) -> bool:
        """Whether a pod's address means nothing outside `reach`."""
        return self._ports is not None

    @property
    def is_virtual(self) -> bool:
        """Whether what listens on a pod's IP is somewhere else."""
        return self._ports is not None

    def allocate_pod(self) -> str:
        return self._pods.allocate()

    def allocate_private(self) -> str:
        """An address that is never shown, such as that of an application behind its sidecar."""
        return self._private.allocate()

    def service_address(self, namespace: str, name: str) -> str:
        """The cluster IP of a Service, the same for its name as long as the sandbox lives.

        So a client that starts before its Service, or outlives it, reaches the one that is created later.
        """
        key = (namespace, name)
        if key not in self._names:
            self._names[key] = self._services.allocate()
        return self._names[key]

    def free(self, ip: str) -> None:
        """Release the address of a pod, or a private one; it is not the next to be allocated."""
        self._pods.free(ip)
        self._private.free(ip)
        if self._ports:
            self._ports.free(ip)

    def reach(self, ip: str, port: int) -> tuple[str, int]:
        """The real address behind *port* of *ip*, to listen on and to call."""
        if self._ports:
            return HOST_IP, self._ports.find(ip, port)
        return ip, port if port >= UNPRIVILEGED else port + PRIVILEGED_AT

    def close(self) -> None:
        """Release the block."""
        self._lock.close()


def wants_ports() -> bool:
    """Whether the environment asks for ports instead of addresses."""
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "ports"):
        raise GrpcdemoError(f"{VARIABLE} is {value!r}", hint="set it to `ports`, or unset it")
    return bool(value)


def reserve_network(*, virtual: bool = False, needed: Sequence[int] = ()) -> Network:
    """Reserve a block of addresses, or of ports if *virtual*.

    It also reserves ports if only 127.0.0.1 answers, or if another program listens on a *needed* port of every address.
    """
    octets = [] if virtual else random.sample(OCTETS, len(OCTETS))
    for octet in octets:
        try:
            lock = _bind(f"127.{octet}.0.1", LOCK_PORT + octet)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                break
            continue
        if all(_is_free(f"127.{octet}.0.1", port) for port in needed):
            return Network(lock, str(octet), None)
        lock.close()
        break
    for first in random.sample(BLOCKS, len(BLOCKS)):
        try:
            lock = _bind(HOST_IP, first)
        except OSError:
            continue
        return Network(lock, "", range(first + 1, first + BLOCKS.step))
    raise GrpcdemoError("no block of ports is free on 127.0.0.1", hint="stop another sandbox on this machine")


class _Addresses:
    """Allocates the addresses of one range in turn."""

    def __init__(self, cidr: str) -> None:
        network = IPv4Network(cidr)
        self._first = int(network.network_address) + 2  # the very first may hold the lock
        self._count = network.num_addresses - 3
        self._next = 0
        self._used: set[str] = set()

    def allocate(self) -> str:
        for _ in range(self._count):
            ip = str(IPv4Address(self._first + self._next))
            self._next = (self._next + 1) % self._count
            if ip not in self._used:
                self._used.add(ip)
                return ip
        raise GrpcdemoError("the sandbox has no address left", hint="delete some pods")

    def free(self, ip: str) -> None:
        self._used.discard(ip)


class _Ports:
    """Allocates ports of 127.0.0.1, one for each (IP, port)."""

    def __init__(self, ports: Iterable[int]) -> None:
        self._free = list(ports)
        self._used: dict[tuple[str, int], int] = {}

    def find(self, ip: str, port: int) -> int:
        if (ip, port) not in self._used:
            self._used[ip, port] = self._take()
        return self._used[ip, port]

    def free(self, ip: str) -> None:
        for key in [key for key in self._used if key[0] == ip]:
            self._free.append(self._used.pop(key))

    def _take(self) -> int:
        for port in self._free:
            if _is_free(HOST_IP, port):
                self._free.remove(port)
                return port
        raise GrpcdemoError("the sandbox has no port left", hint="delete some pods")


def _is_free(ip: str, port: int) -> bool:
    try:
        _bind(ip, port, reuse=True).close()
    except OSError:
        return False
    return True


def _bind(ip: str, port: int, *, reuse: bool = False) -> socket.socket:
    """A bound socket; *reuse* ignores connections that have just ended."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if reuse:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((ip, port))
    except OSError:
        bound.close()
        raise
    return bound
