"""What probes of the client ask: does the loop of calls still turn, and has anybody answered yet?

A client that meets nothing but errors is alive, for it will recover by itself. One that has stopped
trying will not, and ought to be restarted. Ready it is with its first answer, so that whoever watches
it from then on sees no errors of its start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from grpcdemo.waiting import is_set_within
from grpcdemo.workload.listener import Listener, listening

ANSWERED = "answered"
"""The name under which a readiness probe asks; the client as a whole is asked for by no name."""


@dataclass(frozen=True)
class Vitals:
    """What the loop of calls tells of itself."""

    beat: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after every call."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a call was answered."""


@asynccontextmanager
async def answering_probes(
    port: int, vitals: Vitals, *, limit_s: float, host: str | None = None
) -> AsyncIterator[Listener]:
    """Serve health checks on *port*: SERVING for as long as the beat is set at least every *limit_s*."""
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
