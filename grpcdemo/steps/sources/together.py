"""Counters, which do not tell callers apart, together with connections, which do."""

from __future__ import annotations

from dataclasses import replace

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.source import Reading, Source


class Together:
    """The *counters*, and the *connections* where these do not tell callers apart."""

    def __init__(self, counters: Source, connections: Source) -> None:
        self._counters = counters
        self._connections = connections

    async def read(self, around: Around) -> Reading:
        """Raises Unreadable if the user may not read the counters."""
        reading = await self._counters.read(around)
        if reading.nobody or not reading.untold or not around.clients:
            return reading
        try:
            connected = await self._connections.read(around)
        except Unreadable as error:
            return _alone(reading, f"this user may not {error.right}")
        if why := connected.nobody or next(iter({**connected.failures, **connected.uncounted}.values()), ""):
            reading = _alone(reading, why)
        return replace(reading, connections=connected.connections)

    async def close(self) -> None:
        await self._counters.close()
        await self._connections.close()


def _alone(reading: Reading, why: str) -> Reading:
    """With why there are no connections to help."""
    return replace(reading, untold=f"{reading.untold}, and their connections cannot be read: {why}")
