"""Which names and addresses of an API server are this machine."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAMES_OF_THIS_MACHINE = {
    "localhost",
    "kubernetes.docker.internal",
    "host.docker.internal",
    "host.minikube.internal",
    "host.k3d.internal",
    "host.containers.internal",
    "host.rancher-desktop.internal",
    "host.lima.internal",
}
"""What Docker, minikube, k3d, Podman, Rancher Desktop and Lima call it, beside every name under `localhost`."""


def parse_address(host: str) -> Address | None:
    """The IP address that *host* is, without its zone; an IPv4 address in IPv6 is the former. None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_this_machine(host: str) -> bool:
    name = host.lower().removesuffix(".")
    return name in NAMES_OF_THIS_MACHINE or name.endswith(".localhost") or is_own_address(parse_address(host))


def is_own_address(address: Address | None) -> bool:
    """Whether it is loopback, or else `0.0.0.0` or `::`, which k3d writes: a connection to it stays here too."""
    return address is not None and (address.is_loopback or address.is_unspecified)
