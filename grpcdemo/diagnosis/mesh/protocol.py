"""The protocol that Istio assumes for a Service's port: it decides if a sidecar balances requests or connections."""

from __future__ import annotations

from enum import Enum

from grpcdemo.resources.objects import Object

REQUESTS = ("grpc", "grpc-web", "http", "http2", "http_proxy", "kubernetes.io/h2c", "kubernetes.io/ws")
CONNECTIONS = ("tcp", "tls", "https", "mongo", "mysql", "redis", "hbone", "kubernetes.io/wss")
NO_SNIFFING = (25, 53, 3306, 27017)
"""Ports of protocols in which the server speaks first, so nothing can be sniffed."""


class Protocol(Enum):
    """How a sidecar treats a connection to the port."""

    REQUESTS = "balances requests"
    CONNECTIONS = "balances connections"
    SNIFFED = "looks at the first bytes"


def protocol_of(port: Object) -> Protocol:
    """`appProtocol` wins over the name, of which the part before the first dash counts."""
    if port.get("protocol") == "UDP":
        return Protocol.CONNECTIONS
    name = declared(port).lower()
    word = name if name in REQUESTS or name in CONNECTIONS else name.split("-")[0]
    if word in REQUESTS or name.startswith("grpc-web"):
        return Protocol.REQUESTS
    if word in CONNECTIONS or port["port"] in NO_SNIFFING:
        return Protocol.CONNECTIONS
    return Protocol.SNIFFED


def declared(port: Object) -> str:
    return str(port.get("appProtocol") or port.get("name") or "")


def is_tls(port: Object) -> bool:
    return declared(port).lower().split("-")[0] in ("tls", "https")
