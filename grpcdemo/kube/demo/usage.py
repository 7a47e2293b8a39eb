"""What containers use of CPU and memory: as the metrics API says, or else each node's kubelet, or else their Envoys.

metrics-server is not part of every cluster, and the kubelet's summary takes a right that few users have. An Envoy knows
its memory only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from grpcdemo.errors import ApiError
from grpcdemo.kube.client.api import Api
from grpcdemo.manifests.compute import amount
from grpcdemo.resources.istio import ADMIN_PORT
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NODES, POD_METRICS

NANO = 1e-9
SUMMARY = "proxy/stats/summary"


@dataclass(frozen=True)
class Usage:
    """Of one container."""

    pod: str
    container: str
    memory_bytes: int
    cpu_cores: float | None
    """None if the source does not tell."""


async def read_usage(api: Api, namespace: str, nodes: Collection[str]) -> list[Usage]:
    """Of all containers in the namespace, whose pods are on *nodes*. Raises ApiError if neither source answers."""
    try:
        return [*_of_metrics((await api.list(POD_METRICS, namespace=namespace))["items"])]
    except ApiError:
        summaries = await asyncio.gather(*(api.get(NODES, node, subresource=SUMMARY) for node in nodes))
        return [usage for summary in summaries for usage in _of_summary(summary, namespace)]


async def read_envoy_memory(api: Api, namespace: str, pod: str, container: str) -> Usage:
    """What the Envoy in *container* has allocated. Raises ApiError."""
    forward = await api.forward(pod, ADMIN_PORT, namespace=namespace)
    try:
        memory = json.loads(await forward.get("/memory"))
        return Usage(pod, container, int(memory.get("total_physical_bytes") or memory["heap_size"]), None)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ApiError(f"port {ADMIN_PORT} of pod {pod} is not the admin of an Envoy") from error
    finally:
        await forward.close()


def _of_metrics(items: Collection[Object]) -> Iterator[Usage]:
    for item in items:
        for container in item.get("containers") or []:
            usage = container.get("usage") or {}
            memory, cpu = amount(str(usage.get("memory", "0"))), amount(str(usage.get("cpu", "0")))
            yield Usage(item["metadata"]["name"], container["name"], int(memory), float(cpu))


def _of_summary(summary: Object, namespace: str) -> Iterator[Usage]:
    for pod in summary.get("pods") or []:
        reference = pod.get("podRef") or {}
        if reference.get("namespace") != namespace:
            continue
        for container in pod.get("containers") or []:
            memory = (container.get("memory") or {}).get("workingSetBytes", 0)
            cpu = (container.get("cpu") or {}).get("usageNanoCores", 0)
            yield Usage(str(reference.get("name", "")), str(container.get("name", "")), int(memory), cpu * NANO)
