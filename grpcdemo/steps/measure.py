"""How the traffic of a Service is spread, as the Envoys of its clients have counted it. Only reads.

The admin of Istio's sidecar listens inside the pod alone, so it is asked through the API's port-forward.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from grpcdemo.diagnosis.inventory import Inventory, MissingRight, Unreadable
from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.traffic import Counters, Measurement, NotMeasured, Window
from grpcdemo.durations import format_duration
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Reporter, Waiting, unreported
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.resource import ENDPOINT_SLICES, PODS
from grpcdemo.verdict import Outcome
from grpcdemo.waiting import done_within

if TYPE_CHECKING:
    from grpcdemo.kube.client.port_forward import PortForward

ADMIN_PORT = 15000
MOST_PODS = 30
"""How many client pods are asked."""
ANSWER_S = 10.0
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
    meshed = [pod for pod in pods if _is_running(pod) and scene.proxy_of(pod) is Proxy.SIDECAR]
    if not meshed:
        return NotMeasured("no client pod runs with Istio's sidecar" if pods else "no client is known")
    sidecars = [Sidecar(api, scene, pod) for pod in meshed[:MOST_PODS]]
    report(Waiting(f"requests to count, {format_duration(seconds)} at most"))
    try:
        return await _poll(api, scene, sidecars, len(pods), seconds, every_s)
    except Unreadable as error:
        return NotMeasured(f"this user may not {error.right}")
    except ApiError as error:
        return NotMeasured(error.message)
    finally:
        await asyncio.gather(*(sidecar.close() for sidecar in sidecars))


async def _poll(
    api: Api, scene: Scene, sidecars: Sequence[Sidecar], all_pods: int, seconds: float, every_s: float
) -> Measurement | NotMeasured:
    clock = asyncio.get_running_loop().time
    window, end = Window(), clock() + seconds
    for poll in count(1):
        servers = await _ready_addresses(api, scene)
        answers = await asyncio.gather(*(one.read() for one in sidecars))
        unheard = {one.pod: one.failure for one in sidecars if one.failure}
        counters = {one.pod: answer for one, answer in zip(sidecars, answers, strict=True) if answer is not None}
        window.add(clock(), servers, counters)
        measurement = window.measure(unheard, all_pods)
        if len(servers) < 2:
            return NotMeasured("there are no two ready pods to balance over")
        is_certain = measurement.verdict.outcome is not Outcome.INCONCLUSIVE
        is_vain = not window.clients and (not unheard or poll >= TRIES)
        if is_certain or is_vain or clock() >= end:
            break
        await asyncio.sleep(min(every_s, max(0.0, end - clock())))
    if not window.clients:
        return NotMeasured(next(iter(unheard.values()), "the client's pods have gone"))
    return measurement


class Sidecar:
    """The counters of one client pod's Envoy, over one port-forward, which is opened again if it breaks."""

    def __init__(self, api: Api, scene: Scene, pod: Object) -> None:
        self.pod = str(pod["metadata"]["name"])
        self.failure = ""
        """Why the latest reading failed; empty also for a pod that has gone, which calls nobody any more."""
        self._namespace = str(pod["metadata"]["namespace"])
        self._service = (scene.name, scene.namespace, scene.port_number)
        self._api = api
        self._forward: PortForward | None = None

    async def read(self) -> Counters | None:
        """None if it failed. Raises Unreadable if the user lacks the right."""
        self.failure = ""
        try:
            return await done_within(self._read(), ANSWER_S)
        except Forbidden as error:
            raise Unreadable(MissingRight("create", PODS, self._namespace, subresource="portforward")) from error
        except (ApiError, asyncio.TimeoutError) as error:
            await self.close()
            if not await self._has_gone():
                self.failure = getattr(error, "message", "its sidecar did not answer in time")
        return None

    async def close(self) -> None:
        forward, self._forward = self._forward, None
        if forward:
            await forward.close()

    async def _read(self) -> Counters:
        if self._forward is None:
            self._forward = await self._api.forward(self.pod, ADMIN_PORT, namespace=self._namespace)
        body = await self._forward.get(clusters_path(*self._service))
        try:
            return requests_by_host(json.loads(body), *self._service)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ApiError(f"port {ADMIN_PORT} of pod {self.pod} is not the admin of an Envoy") from error

    async def _has_gone(self) -> bool:
        try:
            pod = await self._api.find(PODS, self.pod, namespace=self._namespace)
        except ApiError:
            return False
        return pod is None or not is_active(pod)


async def _ready_addresses(api: Api, scene: Scene) -> dict[str, str]:
    """As they are now. Raises Unreadable."""
    try:
        slices = await api.list_all(ENDPOINT_SLICES, namespace=scene.namespace, selector=f"{SERVICE_NAME}={scene.name}")
    except Forbidden as error:
        raise Unreadable(MissingRight("list", ENDPOINT_SLICES, scene.namespace)) from error
    return replace(scene, inventory=Inventory({ENDPOINT_SLICES: slices})).ready_addresses


def _is_running(pod: Object) -> bool:
    return is_active(pod) and (pod.get("status") or {}).get("phase") == "Running"
