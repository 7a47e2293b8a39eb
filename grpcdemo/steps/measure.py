"""How the traffic of a Service is spread, as a source counts it, until the verdict is certain. Only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from grpcdemo.diagnosis.inventory import Inventory, MissingRight, Unreadable
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.traffic import Measurement, NotMeasured, Window
from grpcdemo.durations import format_duration
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Reporter, Waiting, unreported
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_running
from grpcdemo.resources.resource import ENDPOINT_SLICES
from grpcdemo.steps.sources.envoy import EnvoySource, has_envoy
from grpcdemo.steps.sources.source import Source
from grpcdemo.verdict import Outcome

EVERY_S = 0.5
"""Between two polls. A shorter time brings the verdict sooner, and asks more of the API server."""
TRIES = 3
"""How many polls may go without any answer."""


async def measure(
    api: Api,
    scene: Scene,
    clients: Sequence[Client],
    seconds: float,
    *,
    every_s: float = EVERY_S,
    report: Reporter = unreported,
) -> Measurement | NotMeasured:
    """Poll until the verdict is certain, for *seconds* at most."""
    pods = [pod for client in clients for pod in client.pods]
    if not any(is_running(pod) and has_envoy(pod) for pod in pods):
        return NotMeasured("no client pod runs with Istio's sidecar" if pods else "no client is known")
    source = EnvoySource(api, scene.name, scene.namespace, scene.port_number)
    report(Waiting(f"requests to count, {format_duration(seconds)} at most"))
    try:
        return await _poll(api, scene, source, pods, seconds, every_s)
    except Unreadable as error:
        return NotMeasured(f"this user may not {error.right}")
    except ApiError as error:
        return NotMeasured(error.message)
    finally:
        await source.close()


async def _poll(
    api: Api, scene: Scene, source: Source, pods: Sequence[Object], seconds: float, every_s: float
) -> Measurement | NotMeasured:
    clock = asyncio.get_running_loop().time
    window, end = Window(), clock() + seconds
    for poll in count(1):
        servers = await _ready_addresses(api, scene)
        reading = await source.read(pods)
        unheard = {**reading.failures, **dict.fromkeys(reading.uncounted, "it has no sidecar")}
        window.add(clock(), servers, reading.counters)
        measurement = window.measure(unheard, len(pods))
        if len(servers) < 2:
            return NotMeasured("there are no two ready pods to balance over")
        is_certain = measurement.verdict.outcome is not Outcome.INCONCLUSIVE
        is_vain = not window.clients and (not reading.failures or poll >= TRIES)
        if is_certain or is_vain or clock() >= end:
            break
        await asyncio.sleep(min(every_s, max(0.0, end - clock())))
    if not window.clients:
        return NotMeasured(next(iter(reading.failures.values()), "the client's pods have gone"))
    return measurement


async def _ready_addresses(api: Api, scene: Scene) -> dict[str, str]:
    """As they are now. Raises Unreadable."""
    try:
        slices = await api.list_all(ENDPOINT_SLICES, namespace=scene.namespace, selector=f"{SERVICE_NAME}={scene.name}")
    except Forbidden as error:
        raise Unreadable(MissingRight("list", ENDPOINT_SLICES, scene.namespace)) from error
    return replace(scene, inventory=Inventory({ENDPOINT_SLICES: slices})).ready_addresses
