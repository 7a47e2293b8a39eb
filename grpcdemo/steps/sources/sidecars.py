"""The sidecars of some pods, asked the same question again and again.

The admin of Istio's sidecar listens inside the pod alone, so it is asked through the API's port-forward. All are asked
at once. Who does not answer soon, is named, and nobody waits for it any more: its answer counts when it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from grpcdemo.diagnosis.inventory import MissingRight, Unreadable
from grpcdemo.diagnosis.proxies import Proxy, proxy_in
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.resource import PODS
from grpcdemo.waiting import done_within

if TYPE_CHECKING:
    from grpcdemo.kube.client.port_forward import PortForward

ADMIN_PORT = 15000
MOST_PODS = 30
"""How many pods are asked."""
WAIT_S = 1.0
"""How long a reading waits for answers. A poll of 30 sidecars takes less."""
ANSWER_S = 10.0
"""After this long without an answer, a sidecar is asked anew, over another connection."""
SILENT = "its sidecar does not answer"

Answer = TypeVar("Answer")


def has_envoy(pod: Object) -> bool:
    """Istio's sidecar: of the meshes that are known, only its counters are read."""
    return proxy_in(pod, {}) is Proxy.SIDECAR


class Sidecars(Generic[Answer]):
    """What they answer to a GET of *path*, as *parse* reads it."""

    def __init__(self, api: Api, path: str, parse: Callable[[bytes], Answer], *, wait_s: float = WAIT_S) -> None:
        self._api = api
        self._path = path
        self._parse = parse
        self._wait_s = wait_s
        self._sidecars: dict[str, Sidecar[Answer]] = {}

    async def ask(self, pods: Sequence[Object]) -> tuple[dict[str, Answer], dict[str, str]]:
        """By UID, what each pod's sidecar answers, and why one does not. Raises Unreadable if the user may not ask."""
        sidecars = await self._choose(pods)
        if prompt := [one.asked() for one in sidecars if not one.is_late]:
            await asyncio.wait(prompt, timeout=self._wait_s)
        answers = {one.uid: answer for one in sidecars if (answer := one.take()) is not None}
        return answers, {one.uid: one.failure for one in sidecars if one.failure}

    async def close(self) -> None:
        await asyncio.gather(*(sidecar.close() for sidecar in self._sidecars.values()))

    async def _choose(self, pods: Sequence[Object]) -> list[Sidecar[Answer]]:
        """Those of these pods; the connections to others are closed."""
        by_uid = {str(pod["metadata"]["uid"]): pod for pod in pods}
        gone = [self._sidecars.pop(uid) for uid in self._sidecars.keys() - by_uid.keys()]
        await asyncio.gather(*(sidecar.close() for sidecar in gone))
        for uid, pod in by_uid.items():
            if uid not in self._sidecars:
                self._sidecars[uid] = Sidecar(self._api, pod, self._path, self._parse)
        return [self._sidecars[uid] for uid in by_uid]


class Sidecar(Generic[Answer]):
    """One pod's, over one port-forward, which is opened again if it breaks."""

    def __init__(self, api: Api, pod: Object, path: str, parse: Callable[[bytes], Answer]) -> None:
        self.uid, self.pod = str(pod["metadata"]["uid"]), str(pod["metadata"]["name"])
        self.failure = ""
        """Why there is no answer now; empty also for a pod that has gone, which counts nothing any more."""
        self._namespace = str(pod["metadata"]["namespace"])
        self._api = api
        self._path = path
        self._parse = parse
        self._forward: PortForward | None = None
        self._asking: asyncio.Task[Answer | None] | None = None

    @property
    def is_late(self) -> bool:
        """It was asked before, and has not answered yet."""
        return self._asking is not None and not self._asking.done()

    def asked(self) -> asyncio.Task[Answer | None]:
        """What brings the answer; it is asked anew after each one."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return self._asking

    def take(self) -> Answer | None:
        """The answer; None if there is none yet, or it failed. Raises Unreadable if the user lacks the right."""
        asking = self.asked()
        if not asking.done():
            self.failure = SILENT
            return None
        self._asking = None
        return asking.result()

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._hang_up()

    async def _ask(self) -> Answer | None:
        try:
            answer = await done_within(self._get(), ANSWER_S)
        except Forbidden as error:
            raise Unreadable(MissingRight("create", PODS, self._namespace, subresource="portforward")) from error
        except (ApiError, asyncio.TimeoutError) as error:
            await self._hang_up()
            self.failure = "" if await self._has_gone() else getattr(error, "message", SILENT)
            return None
        self.failure = ""
        return answer

    async def _get(self) -> Answer:
        if self._forward is None:
            self._forward = await self._api.forward(self.pod, ADMIN_PORT, namespace=self._namespace)
        body = await self._forward.get(self._path)
        try:
            return self._parse(body)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ApiError(f"port {ADMIN_PORT} of pod {self.pod} is not the admin of an Envoy") from error

    async def _hang_up(self) -> None:
        forward, self._forward = self._forward, None
        if forward:
            await forward.close()

    async def _has_gone(self) -> bool:
        try:
            pod = await self._api.find(PODS, self.pod, namespace=self._namespace)
        except ApiError:
            return False
        return pod is None or not is_active(pod)
