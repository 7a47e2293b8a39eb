"""Answer the client's probes: does it still call, and was any call answered yet?

A client whose calls all fail is alive: it recovers by itself. A client that has stopped calling does not, and must be
restarted. It is ready with its first answer, so an observation of a ready client sees no errors of its start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from grpcdemo.waiting import is_set_within
from grpcdemo.workload.listener import Listener, listening

ANSWERED = "answered"
"""The service name for readiness probes. Liveness probes use no name."""


@dataclass(frozen=True)
class Vitals:
    """Set by the loop of calls."""

    beat: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after every call."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after the first answer."""


@asynccontextmanager
async def answering_probes(
    port: int, vitals: Vitals, *, limit_s: float, host: str | None = None
) -> AsyncIterator[Listener]:
    """Serve health checks on *port*: SERVING while the beat is set at least every *limit_s* seconds."""
    async with listening(port, host=host, services=(ANSWERED,)) as listener:
        await listener.report(ANSWERED, serving=False)
        watching = asyncio.gather(
            _follow(vitals.beat, listener, limit_s), _report_when_answered(vitals.answered, listener)
        )
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


async def _report_when_answered(answered: asyncio.Event, listener: Listener) -> None:
    await answered.wait()
    await listener.report(ANSWERED, serving=True)
