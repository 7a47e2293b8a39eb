"""Who calls and who serves, at one moment: what a source is asked about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grpcdemo.resources.objects import Object


@dataclass(frozen=True)
class Around:
    """The live pods around one port of a Service."""

    clients: Sequence[Object]
    servers: Sequence[Object]
    """Those behind the Service, ready or not."""
    addresses: Mapping[str, str]
    """The server pod behind each address that takes calls."""
    ports: Collection[int] = ()
    """The numbers of the port that these pods listen on."""
    is_one_of_many: bool = False
    """The client is a pod that the user named, and its workload may have others."""
    past: frozenset[str] = frozenset()
    """The UIDs of clients with a sidecar that their calls go past, as far as that is known."""

    @property
    def generation(self) -> frozenset[str]:
        """The UIDs of the clients. When it changes, a new window begins, as it does with other servers."""
        return frozenset(str(pod["metadata"]["uid"]) for pod in self.clients)
