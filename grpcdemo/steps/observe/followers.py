"""One follower for each client pod, for as long as the pod is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from grpcdemo.model.pods import Pod


class Followers:
    """Runs *follow* in a task for each client. Its argument *is_new* tells whether the client appeared later on."""

    def __init__(self, follow: Callable[[Pod, bool], Coroutine[Any, Any, None]]) -> None:
        self._follow = follow
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def update(self, clients: Iterable[Pod], *, are_new: bool) -> None:
        """Follow each of *clients* that is not followed yet, and stop following all others."""
        by_uid = {client.uid: client for client in clients}
        for uid in self._tasks.keys() - by_uid.keys():
            self._tasks.pop(uid).cancel()
        for uid, client in by_uid.items():
            if uid not in self._tasks:
                self._tasks[uid] = asyncio.create_task(self._follow(client, are_new))

    def tasks(self) -> list[asyncio.Task[None]]:
        """The tasks of the current clients."""
        return list(self._tasks.values())
