"""What the containers that a cure adds use: proxies and agents."""

from __future__ import annotations

from grpcdemo.errors import ApiError
from grpcdemo.kube.demo.usage import read_usage
from grpcdemo.model.comparison import Cost
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pod_status import is_sidecar
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.compare.place import Place

OWN = {CLIENT_APP, SERVER_APP}
"""The containers that every cure has."""


async def read_cost(place: Place) -> Cost | str | None:
    """Or why it could not be read; None if the cure adds no container."""
    pods = (await place.api.list(PODS, namespace=place.namespace))["items"]
    if not any(map(_added, pods)):
        return None
    nodes = {pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")}
    try:
        usage = await read_usage(place.api, place.namespace, nodes)
    except ApiError as error:
        return error.message
    added = [one for one in usage if one.container not in OWN]
    if not added:
        return "no source tells of them yet"
    return Cost(len(added), sum(one.memory_bytes for one in added), sum(one.cpu_cores for one in added))


def _added(pod: Object) -> list[str]:
    """The containers of *pod* that go on running, and that not every cure has."""
    spec = pod["spec"]
    running = [*spec["containers"], *filter(is_sidecar, spec.get("initContainers") or [])]
    return [container["name"] for container in running if container["name"] not in OWN]
