"""Which client pod has the address that a server sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import pod_ips
from grpcdemo.steps.sources.around import pod_names


def tell_apart(clients: Sequence[Object], callers: Collection[str]) -> tuple[Mapping[str, str], str]:
    """The client pod at each address; and, if others are among the *callers*, why these are not told apart."""
    names = pod_names(clients)
    pods = {
        ip: names[pod["metadata"]["uid"]]
        for pod in clients
        if not pod["spec"].get("hostNetwork")  # all such pods of a node have its address
        for ip in pod_ips(pod)
    }
    others = {*callers} - pods.keys()
    return pods, f"{min(others)} is not the address of a client pod that is known" if others else ""
