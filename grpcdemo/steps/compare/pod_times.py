"""When each pod of a namespace was created, and first ready, by this machine's clock.

The objects tell whole seconds only, so a watch notes it as it happens.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from grpcdemo.errors import ApiError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.watch import Mirror, Query
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import PODS

LOOK_S = 1.0


class PodTimes:
    """An async context manager: it notes times while it is open. By pod name, in seconds since 1970."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._mirror = Mirror(api, {"pods": Query(PODS, namespace, OURS)})
        self.came: dict[str, float] = {}
        self.ready: dict[str, float] = {}

    async def __aenter__(self) -> PodTimes:
        await self._mirror.__aenter__()
        self._note()
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._mirror.__aexit__(*exc_info)

    async def _follow(self) -> None:
        with suppress(ApiError):  # then times are missing, and are not told
            while True:
                if await self._mirror.changed(LOOK_S):
                    self._note()

    def _note(self) -> None:
        now = time.time()
        for pod in self._mirror["pods"]:
            name = pod["metadata"]["name"]
            self.came.setdefault(name, now)
            if is_ready(pod):
                self.ready.setdefault(name, now)
