"""Who calls and who serves, at one moment: what a source is asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_running


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
    def address_of(self) -> dict[str, str]:
        """Where each server pod takes calls, by its name."""
        return {pod: address for address, pod in self.addresses.items()}

    @property
    def serving(self) -> dict[str, Object]:
        """The server pods that run and take calls, by UID."""
        names = {*self.addresses.values()}
        taking = (pod for pod in self.servers if is_running(pod) and pod["metadata"]["name"] in names)
        return {str(pod["metadata"]["uid"]): pod for pod in taking}

    @property
    def generation(self) -> frozenset[str]:
        """The UIDs of the clients. When it changes, a new window begins, as it does with other servers."""
        return frozenset(str(pod["metadata"]["uid"]) for pod in self.clients)


def pod_names(pods: Sequence[Object]) -> dict[str, str]:
    """How each pod is called, by its UID: its name, after its namespace where another one has the same name."""
    count = Counter(pod["metadata"]["name"] for pod in pods)
    return {
        str(pod["metadata"]["uid"]): name if count[name] == 1 else f"{pod['metadata']['namespace']}/{name}"
        for pod in pods
        for name in (str(pod["metadata"]["name"]),)
    }
