"""Counters without callers, and the connections that tell who they are."""

from dataclasses import dataclass

import pytest

from grpcdemo.diagnosis.fan_out import Connections
from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.source import Reading
from grpcdemo.steps.sources.together import Together

COUNTED = Reading("app", told=["cart-1"], untold="callers are not told apart")
SEEN = Connections({"web-1": []})
CONNECTED = Reading("connections", told=["cart-1"], connections=SEEN)
AROUND = Around([{"metadata": {}}], [], {})


@dataclass
class Told:
    """Tells this reading."""

    reading: Reading | Unreadable
    reads: int = 0

    async def read(self, around: Around) -> Reading:
        self.reads += 1
        if isinstance(self.reading, Unreadable):
            raise self.reading
        return self.reading

    async def close(self) -> None:
        pass


async def read(counters: Reading, connected: Told, around: Around = AROUND) -> Reading:
    together = Together(Told(counters), connected)
    try:
        return await together.read(around)
    finally:
        await together.close()


async def test_connections_join_the_counters() -> None:
    reading = await read(COUNTED, Told(CONNECTED))
    assert (reading.source, reading.connections, reading.untold) == ("app", SEEN, COUNTED.untold)
    assert reading.counted_by.with_connections


@pytest.mark.parametrize(
    ("connected", "why"),
    [
        (Reading("connections", nobody="no container has `cat`"), "no container has `cat`"),
        (Reading("connections", failures={"cart-1": "silence"}, connections=SEEN), "silence"),
        (
            Unreadable(Right("create", PODS, "shop", subresource="exec")),
            "this user may not create pods/exec in namespace shop",
        ),
    ],
)
async def test_why_connections_are_not_known(connected: Reading | Unreadable, why: str) -> None:
    reading = await read(COUNTED, Told(connected))
    assert reading.untold == f"{COUNTED.untold}, and their connections cannot be read: {why}"


@pytest.mark.parametrize(
    ("counters", "around"),
    [
        (Reading("app", nobody="no metrics"), AROUND),
        (Reading("log", told=["cart-1"]), AROUND),
        (COUNTED, Around([], [], {})),
    ],
)
async def test_they_are_not_asked_where_they_do_not_help(counters: Reading, around: Around) -> None:
    """Where nobody counts, the counters know the callers already, or no client is known."""
    connected = Told(CONNECTED)
    assert await read(counters, connected, around) == counters
    assert connected.reads == 0
