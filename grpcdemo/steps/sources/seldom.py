"""A source that runs a command in each pod for each reading: after the first few readings, it is read rarely."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.source import Reading, Source

PAUSE_S = 5.0
"""Between two readings. A client that connects anew is then known 5 to 10 s later, and no node is busy with it."""


class Seldom:
    """The *source*, read *often* in a row after the pods have changed, and then every *pause_s*.

    In between, its last reading holds: the same object, so that nobody takes it for a new one.
    """

    def __init__(self, source: Source, *, often: int, pause_s: float = PAUSE_S) -> None:
        self._source = source
        self._often = often
        self._pause_s = pause_s
        self._pods: Hashable = None
        self._left = 0
        """How many readings are still due in a row."""
        self._due = 0.0
        """When the next one is, by the event loop's clock."""
        self._last: Reading | Unreadable | None = None

    async def read(self, around: Around) -> Reading:
        """Raises Unreadable if the user lacks the right; also while this is not asked anew."""
        now, pods = asyncio.get_running_loop().time(), (around.generation, frozenset(around.addresses.values()))
        if pods != self._pods:
            self._pods, self._left = pods, self._often
        if self._last is None or self._left or now >= self._due:
            self._last = await self._look(around)
            self._left = max(0, self._left - 1) if isinstance(self._last, Reading) else 0
            self._due = now + self._pause_s
        if isinstance(self._last, Unreadable):
            raise self._last
        return self._last

    async def _look(self, around: Around) -> Reading | Unreadable:
        try:
            return await self._source.read(around)
        except Unreadable as error:
            return error

    async def close(self) -> None:
        await self._source.close()
