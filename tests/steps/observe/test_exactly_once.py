"""`observe` counts each call once, and how many it missed, whatever happens to the log's stream."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from grpcdemo.model.observation import Observation
from grpcdemo.workload.call_log import Call, format_call
from tests.fakes.log import START_NS, FakeLog
from tests.tiers import exhaustive

from .scene import Scene, Watching

SERVERS = ["a", "b", "c"]


class Client:
    """A client that writes its log, and counts for itself."""

    def __init__(self, log: FakeLog, dice: random.Random) -> None:
        self.log = log
        self.answers: Counter[str] = Counter()
        self.calls = 0
        self._clock_ns = START_NS
        self._dice = dice

    def call(self, times: int) -> None:
        """Make calls, of which one in ten fails; 20 a second by the stamps in the log."""
        for _ in range(times):
            self.calls += 1
            server = self._dice.choice(SERVERS) if self._dice.random() < 0.9 else None
            code, message = ("OK", None) if server else ("UNAVAILABLE", "gone")
            self.answers[server or code] += 1
            call = Call(self.calls, code, server, server and f"ip-of-{server}", self._dice.random(), message)
            self._clock_ns += 50_000_000
            self.log.write(format_call(call).encode(), at_ns=self._clock_ns)

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    def restart(self) -> None:
        self.log.restart()
        self.answers.clear()
        self.calls = 0


def counted(observation: Observation) -> int:
    tally = observation.tally
    return tally.responses + sum(tally.errors.values()) + tally.missed


@asynccontextmanager
async def watching_client(scene: Scene, log: FakeLog, seed: int) -> AsyncIterator[tuple[Client, Watching]]:
    """A client that made forty calls before the observation, which do not count."""
    client = Client(log, random.Random(seed))
    scene.serve_log("x", log)
    client.calls = 39
    client.call(1)
    client.answers.clear()
    async with scene.watching() as watch:
        yield client, watch


@pytest.mark.parametrize(("cuts", "seed"), [(50, 0), exhaustive(500, 0), exhaustive(500, 1)])
async def test_cuts_lose_and_double_nothing(scene: Scene, cuts: int, seed: int) -> None:
    dice = random.Random(seed)
    log = FakeLog(cuts=[dice.randrange(4000) for _ in range(cuts)], chunk=2000)
    async with watching_client(scene, log, seed) as (client, watch):

        async def keep_calling() -> None:
            while log.streams < cuts:
                client.call(dice.randrange(12))
                await log.until_asked_or_read()

        calling = asyncio.create_task(keep_calling())
        await watch.until(lambda _: calling.done())
        client.call(1)
        observation = await watch.until(lambda observation: counted(observation) >= client.total)
    assert client.total > 2 * cuts
    assert observation.tally.by_server() == {server: client.answers[server] for server in SERVERS}
    assert observation.tally.errors == {"UNAVAILABLE": client.answers["UNAVAILABLE"]}
    assert (observation.tally.missed, observation.windows) == (0, 1)


async def test_calls_that_are_rotated_away_are_missed(scene: Scene) -> None:
    dice = random.Random(1)
    log = FakeLog(cuts=[dice.randrange(60_000) for _ in range(30)], rotate_at=10_000)
    async with watching_client(scene, log, 1) as (client, watch):

        async def keep_calling() -> None:
            while log.streams < 30:
                client.call(dice.randrange(200))
                await log.until_asked_or_read()
            for _ in range(60):
                client.call(dice.randrange(100))
                await asyncio.sleep(0)

        calling = asyncio.create_task(keep_calling())
        await watch.until(lambda _: calling.done())
        client.call(1)
        observation = await watch.until(lambda observation: counted(observation) >= client.total)
    assert counted(observation) == client.total
    assert 0 < observation.tally.missed < client.total
    assert all(count <= client.answers[server] for server, count in observation.tally.by_server().items())


async def test_a_restarted_client_is_counted_from_its_last_start(scene: Scene) -> None:
    dice = random.Random(2)
    log = FakeLog(cuts=[dice.randrange(3000) for _ in range(200)], chunk=1000)
    async with watching_client(scene, log, 2) as (client, watch):

        async def keep_calling() -> None:
            for _ in range(20):
                for _ in range(dice.randrange(1, 5)):
                    client.call(dice.randrange(1, 12))
                    await log.until_asked_or_read()
                client.restart()
            log.cuts = iter(())
            client.call(50)

        calling = asyncio.create_task(keep_calling())
        await watch.until(lambda _: calling.done())
        observation = await watch.until(lambda observation: counted(observation) >= client.total)
    assert observation.tally.by_server() == {server: client.answers[server] for server in SERVERS}
    assert observation.tally.errors == {"UNAVAILABLE": client.answers["UNAVAILABLE"]}
    assert observation.tally.missed == 0
    assert 1 < observation.windows <= 21
