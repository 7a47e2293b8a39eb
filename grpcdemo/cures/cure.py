"""A cure: one way to spread a gRPC client's requests over the pods of a Service, or a contrast to learn from.

It is data: what it changes, what it needs of the target, and the objects that run it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from grpcdemo.manifests.render import ManifestValues
from grpcdemo.resources.objects import Object


class Change(Enum):
    """What a user has to change in order to have the cure."""

    CLIENT_CODE = "client"
    SERVER_CODE = "server"
    CLUSTER = "cluster"


class Need(Enum):
    """What the target must have."""

    INJECTION = "injection"
    """An injector that adds a sidecar to the pods of a namespace that is labeled for it."""
    GRPC_AGENT = "gRPC agent"
    """An injector that adds Istio's agent for gRPC without a proxy."""
    PROXY_IMAGE = "proxy image"
    """An image of Envoy that the target can run."""


@dataclass(frozen=True)
class CureValues:
    """What differs from one target, and from one comparison, to the next."""

    demo: ManifestValues = field(default_factory=ManifestValues)
    """The namespace, numbers of pods, rate, …"""
    proxy_image: str | None = None
    """An image of Envoy; None if there is none, see `Need.PROXY_IMAGE`."""


@dataclass(frozen=True)
class Cure:
    """One row of the comparison."""

    name: str
    summary: str
    """One line: what it does."""
    changes: frozenset[Change]
    build: Callable[[CureValues], list[Object]]
    """The objects in the order in which they are applied. Those of the server and the client have the demo's names."""
    needs: frozenset[Need] = frozenset()
    contrast: bool = False
    """No cure for gRPC: it shows what others are measured against, and is never recommended."""

    @property
    def injected(self) -> bool:
        """Whether its namespace is to be labeled for injection."""
        return Need.INJECTION in self.needs
