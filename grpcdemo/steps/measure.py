"""How the traffic of a Service is spread, as a source counts it, until the verdict is certain. Only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from grpcdemo.diagnosis.inventory import Inventory, Unreadable
from grpcdemo.diagnosis.rules.exclusions import goes_past_sidecar
from grpcdemo.diagnosis.rules.linkerd import goes_past_linkerd
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.traffic import Measurement, NotMeasured, Window
from grpcdemo.durations import format_duration
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Reporter, Waiting, unreported
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.resource import ENDPOINT_SLICES
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.choice import build_source
from grpcdemo.steps.sources.source import Source, SourceConfig
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
    config: SourceConfig,
    *,
    every_s: float = EVERY_S,
    report: Reporter = unreported,
) -> Measurement | NotMeasured:
    """Poll until the verdict is certain, for *seconds* after the first reading at most."""
    source = build_source(api, config, scene.service, scene.port)
    try:
        traffic = await _poll(api, scene, source, clients, seconds, every_s, report)
    except Unreadable as error:
        traffic = NotMeasured(f"this user may not {error.right}")
    except ApiError as error:
        traffic = NotMeasured(error.message)
    finally:
        await source.close()
    return replace(traffic, is_missed=config.is_chosen and _tells_nothing(traffic))


def _tells_nothing(traffic: Measurement | NotMeasured) -> bool:
    """Also of connections to several pods: requests would tell, sooner or later."""
    if isinstance(traffic, NotMeasured):
        return True
    return traffic.counted_by.source == "connections" and traffic.verdict.outcome is Outcome.INCONCLUSIVE


async def _poll(
    api: Api,
    scene: Scene,
    source: Source,
    clients: Sequence[Client],
    seconds: float,
    every_s: float,
    report: Reporter,
) -> Measurement | NotMeasured:
    clock = asyncio.get_running_loop().time
    window, end = Window(), 0.0
    for poll in count(1):
        around = _around(scene, clients, await _endpoints_now(api, scene))
        reading = await source.read(around)
        if reading.nobody:
            return NotMeasured(reading.nobody)
        if poll == 1:
            end = clock() + seconds
            report(Waiting(f"requests to count, {format_duration(seconds)} at most"))
        unheard = {**reading.failures, **reading.uncounted}
        window.add(clock(), around.addresses, reading.counters, reading.basis, reading.connections)
        measurement = window.measure(unheard, reading.counted_by, reading.untold, reading.idle)
        if len(around.addresses) < 2:
            return NotMeasured("fewer than two pods are ready")
        is_certain = measurement.verdict.outcome is not Outcome.INCONCLUSIVE
        is_unread = not reading.told and not window.clients
        is_vain = not reading.failures or (poll >= TRIES and not reading.is_awaited)
        if is_certain or (is_unread and is_vain) or (clock() >= end and poll > 1):  # one reading alone counts nothing
            break
        await asyncio.sleep(min(every_s, max(0.0, end - clock())))
    if is_unread:
        return NotMeasured(
            next((f"{who}: {why}" for who, why in reading.failures.items()), "the client's pods are gone")
        )
    return measurement


def _around(scene: Scene, clients: Sequence[Client], now: Scene) -> Around:
    """The pods as they were when the *scene* was read, where they take calls *now*."""
    try:
        servers = scene.servers
    except Unreadable:
        servers = []
    pods = [pod for client in clients for pod in client.pods]
    is_one_of_many = any(client.is_one_of_many for client in clients)
    past = _past(scene, clients)
    return Around(pods, servers, now.ready_addresses, now.target_ports, is_one_of_many, past)


def _past(scene: Scene, clients: Sequence[Client]) -> frozenset[str]:
    """The UIDs of the clients whose calls their sidecars do not see."""
    try:
        scenes = [(client, replace(scene, client=client)) for client in clients]
        unseen = [client for client, one in scenes if goes_past_sidecar(one) or goes_past_linkerd(one)]
    except Unreadable:
        return frozenset()
    return frozenset(str(pod["metadata"]["uid"]) for client in unseen for pod in client.pods)


async def _endpoints_now(api: Api, scene: Scene) -> Scene:
    """The *scene* with its endpoints alone. Raises Unreadable."""
    try:
        slices = await api.list_all(ENDPOINT_SLICES, namespace=scene.namespace, selector=f"{SERVICE_NAME}={scene.name}")
    except Forbidden as error:
        raise Unreadable(Right("list", ENDPOINT_SLICES, scene.namespace)) from error
    return replace(scene, inventory=Inventory({ENDPOINT_SLICES: slices}))
