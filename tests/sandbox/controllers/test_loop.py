"""The loop: changes are queued once, failures retried, and one failure does not stop the rest."""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from grpcdemo.resources.resource import SERVICES
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import HISTORY, Event
from grpcdemo.sandbox.controllers.loop import Key
from tests.sandbox.controllers.world import NAMESPACE, World, running_only, serve


class Probe:
    """A controller of Services that keeps a list of its calls."""

    name = "probe"

    def __init__(self, failure: Exception | None = None, again_s: float | None = None) -> None:
        self.calls: list[str] = []
        self.failure = failure
        self.again_s = again_s

    def concerns(self, event: Event) -> Iterable[Key]:
        metadata = event.object["metadata"]
        concerned = event.resource is SERVICES and metadata["namespace"] == NAMESPACE
        return [(NAMESPACE, metadata["name"])] if concerned else []

    def reconcile(self, namespace: str, name: str) -> float | None:
        self.calls.append(f"{namespace}/{name}")
        if self.failure:
            raise self.failure
        return self.again_s


async def touch(world: World, *numbers: int) -> None:
    """Change the Service so many times at once, and settle."""
    for number in numbers:
        world.set_metadata(SERVICES, NAMESPACE, "server", labels={"number": str(number)})
    await world.settle()


@asynccontextmanager
async def probing(*probes: Probe) -> AsyncIterator[World]:
    """A world with a Service, which these controllers watch."""
    world = World()
    serve(world)
    async with running_only(world, *probes):
        yield world


async def test_existing_objects_are_reconciled_first() -> None:
    probe = Probe()
    async with probing(probe):
        assert probe.calls == ["demo/server"]


async def test_a_burst_of_changes_is_reconciled_once() -> None:
    probe = Probe()
    async with probing(probe) as world:
        await touch(world, *range(100))
        assert len(probe.calls) == 2


async def test_a_reader_that_fell_behind_starts_over() -> None:
    probe = Probe()
    async with probing(probe) as world:
        await touch(world, *range(HISTORY + 10))
        await touch(world, -1)
        assert len(probe.calls) == 3


async def test_an_exception_is_logged_and_retried(caplog: pytest.LogCaptureFixture) -> None:
    probe, other = Probe(ValueError("what is this")), Probe()
    async with probing(probe, other) as world:
        assert (len(probe.calls), len(other.calls)) == (1, 1)
        assert "what is this" in caplog.text
        await world.advance(0.1)
        assert len(probe.calls) == 2
        await world.advance(0.1)
        assert len(probe.calls) == 2
        probe.failure = None
        await world.advance(0.1)
        assert len(probe.calls) == 3
        await world.advance(3600)
        assert (len(probe.calls), len(other.calls)) == (3, 1)
        probe.failure = ValueError("again")
        await touch(world, 1)
        await world.advance(0.1)
        assert len(probe.calls) == 5


async def test_a_refusal_is_retried_without_a_log(caplog: pytest.LogCaptureFixture) -> None:
    probe = Probe(StatusError("Forbidden", "no"))
    async with probing(probe) as world:
        assert [record for record in caplog.records if record.levelno > logging.INFO] == []
        await world.advance(0.1)
        assert len(probe.calls) == 2


async def test_the_latest_reconciliation_sets_the_next() -> None:
    probe = Probe(again_s=10)
    async with probing(probe) as world:
        await world.advance(5)
        await touch(world, 1)
        await world.advance(6)
        assert len(probe.calls) == 2
        probe.again_s = None
        await world.advance(4)
        assert len(probe.calls) == 3
        await world.advance(3600)
        assert len(probe.calls) == 3


async def test_a_stopped_loop_reconciles_nothing() -> None:
    probe = Probe(again_s=10)
    async with probing(probe) as world:
        world.set_metadata(SERVICES, NAMESPACE, "server", labels={"number": "1"})
    await world.advance(60)
    assert len(probe.calls) == 1
