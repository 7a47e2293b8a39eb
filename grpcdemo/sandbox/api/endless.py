"""Requests that need not end by themselves: watches, followed logs, port-forwards, commands. The server cuts them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web


class EndlessRequests:
    """Those that are open."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[Any]] = set()

    async def close(self, _: web.Application) -> None:
        for task in self._open:
            task.cancel()

    @contextmanager
    def cut_at_the_end(self) -> Iterator[None]:
        """For the handler of such a request."""
        task = asyncio.current_task()
        assert task is not None, "a handler runs in a task"
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)
