"""What the containers that a cure adds use: proxies and agents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from grpcdemo.errors import ApiError
from grpcdemo.kube.demo.usage import Usage, read_envoy_memory, read_usage
from grpcdemo.kube.messages import shorten
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
    added = [(pod, name) for pod in pods for name in _added(pod)]
    if not added:
        return None
    try:
        usage = await _read(place, added)
    except ApiError as error:
        return shorten(error.message)
    cpus = [one.cpu_cores for one in usage if one.cpu_cores is not None]
    return Cost(len(usage), sum(one.memory_bytes for one in usage), sum(cpus) if cpus else None)


async def _read(place: Place, added: Sequence[tuple[Object, str]]) -> list[Usage]:
    """Of all the *added* containers, with their pods. Raises ApiError if no source answers."""
    nodes = {pod["spec"]["nodeName"] for pod, _ in added if pod["spec"].get("nodeName")}
    with suppress(ApiError):
        usage = [one for one in await read_usage(place.api, place.namespace, nodes) if one.container not in OWN]
        if usage:  # a metrics server learns of new pods after a minute
            return usage
    envoys = (read_envoy_memory(place.api, place.namespace, pod["metadata"]["name"], name) for pod, name in added)
    try:
        return await asyncio.gather(*envoys)
    except ApiError as error:
        raise ApiError(
            "neither the metrics API nor the kubelet provides it, and not every container is an Envoy with admin port"
        ) from error


def _added(pod: Object) -> list[str]:
    """The containers of *pod* that go on running, and that not every cure has."""
    spec = pod["spec"]
    running = [*spec["containers"], *filter(is_sidecar, spec.get("initContainers") or [])]
    return [container["name"] for container in running if container["name"] not in OWN]
