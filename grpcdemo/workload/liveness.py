"""What a probe of the client asks: does the loop of calls still turn?

A client that meets nothing but errors is alive, for it will recover by itself. One that has stopped
trying will not, and ought to be restarted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from grpcdemo.workload.listener import Listener, listening
from grpcdemo.workload.process import is_set_within


@asynccontextmanager
async def answering_probes(port: int, *, beat: asyncio.Event, limit_s: float) -> AsyncIterator[Listener]:
    """Serve health checks on *port*: SERVING for as long as *beat* is set at least every *limit_s*."""
    async with listening(port) as listener:
        watching = asyncio.create_task(_follow(beat, listener, limit_s))
        try:
            yield listener
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _follow(beat: asyncio.Event, listener: Listener, limit_s: float) -> None:
    while True:
        alive = await is_set_within(beat, limit_s)
        beat.clear()
        await listener.report("", serving=alive)
