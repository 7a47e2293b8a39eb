"""What the Envoys of clients have counted: the exact requests of each client to each server.

The admin of Istio's sidecar listens inside the pod alone, so it is asked through the API's port-forward.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grpcdemo.diagnosis.inventory import MissingRight, Unreadable
from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host
from grpcdemo.diagnosis.proxies import Proxy, proxy_in
from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active, is_running
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.sources.source import Reading, client_names
from grpcdemo.waiting import done_within

if TYPE_CHECKING:
    from grpcdemo.kube.client.port_forward import PortForward

ADMIN_PORT = 15000
MOST_PODS = 30
"""How many client pods are asked."""
ANSWER_S = 10.0


class EnvoySource:
    """The sidecars of the clients of one port of a Service."""

    name = "envoy"

    def __init__(self, api: Api, service: str, namespace: str, port: int) -> None:
        self._api = api
        self._service = (service, namespace, port)
        self._sidecars: dict[str, Sidecar] = {}

    async def read(self, pods: Sequence[Object]) -> Reading:
        names = client_names(pods)
        running = [pod for pod in pods if is_running(pod)]
        meshed = [pod for pod in running if has_envoy(pod)]
        sidecars = await self._choose(meshed[:MOST_PODS])
        answers = await asyncio.gather(*(sidecar.read() for sidecar in sidecars))
        return Reading(
            {names[one.uid]: answer for one, answer in zip(sidecars, answers, strict=True) if answer is not None},
            {names[one.uid]: one.failure for one in sidecars if one.failure},
            [names[pod["metadata"]["uid"]] for pod in running if not has_envoy(pod)],
        )

    async def close(self) -> None:
        await asyncio.gather(*(sidecar.close() for sidecar in self._sidecars.values()))

    async def _choose(self, pods: Sequence[Object]) -> list[Sidecar]:
        """Those of these pods; the connections to others are closed."""
        by_uid = {str(pod["metadata"]["uid"]): pod for pod in pods}
        gone = [self._sidecars.pop(uid) for uid in self._sidecars.keys() - by_uid.keys()]
        await asyncio.gather(*(sidecar.close() for sidecar in gone))
        for uid, pod in by_uid.items():
            if uid not in self._sidecars:
                self._sidecars[uid] = Sidecar(self._api, pod, *self._service)
        return [self._sidecars[uid] for uid in by_uid]


def has_envoy(pod: Object) -> bool:
    """Istio's sidecar: of the meshes that are known, only its counters are read."""
    return proxy_in(pod, {}) is Proxy.SIDECAR


class Sidecar:
    """The counters of one client pod's Envoy, over one port-forward, which is opened again if it breaks."""

    def __init__(self, api: Api, pod: Object, service: str, namespace: str, port: int) -> None:
        self.uid, self.pod = str(pod["metadata"]["uid"]), str(pod["metadata"]["name"])
        self.failure = ""
        """Why the latest reading failed; empty also for a pod that has gone, which calls nobody any more."""
        self._namespace = str(pod["metadata"]["namespace"])
        self._service = (service, namespace, port)
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
