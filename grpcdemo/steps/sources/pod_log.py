"""The log of one container, followed in the background while a source is read again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.errors import Forbidden, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import LogLine, parse_line
from grpcdemo.kube.streams.logs import ContainerRef, Follower
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right


class PodLog:
    """Has each new line of it taken, as does the first one that it comes upon; or all of them if *from_start*."""

    def __init__(
        self, api: Api, container: ContainerRef, take: Callable[[LogLine], None], *, from_start: bool = False
    ) -> None:
        self._namespace = container.namespace
        self._take = take
        self._follower = Follower(api, container, from_start=from_start)
        self._following = asyncio.create_task(self._follow())

    @property
    def failure(self) -> str:
        """Why there may be lines that were not read."""
        return self._follower.failure.message if self._follower.failure else ""

    def check(self) -> None:
        """Raises what has ended the reading: Unreadable if the user lacks the right, or else ApiError."""
        error = self._following.exception() if self._following.done() else None
        if isinstance(error, Forbidden):
            raise Unreadable(Right("get", PODS, self._namespace, subresource="log")) from error
        if error and not isinstance(error, NotFound):  # then the pod is about to leave the list, too
            raise error

    async def close(self) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        async for piece in self._follower.pieces():
            for line in filter(None, map(parse_line, piece.splitlines())):
                self._take(line)
