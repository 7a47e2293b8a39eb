"""The loop: what is queued once, what is tried again, and that one failure does not stop the rest."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pytest

from grpcdemo.resources.resource import SERVICES
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import HISTORY, Event
from grpcdemo.sandbox.controllers.loop import Key
from tests.sandbox.controllers.world import NAMESPACE, World, running_only, serve


class Probe:
    """A controller of Services that keeps a list of its calls."""

    name = "probe"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failure: Exception | None = None
        self.again_s: float | None = None

    def concerns(self, event: Event) -> Iterable[Key]:
        metadata = event.object["metadata"]
        concerned = event.resource is SERVICES and metadata["namespace"] == NAMESPACE
        return [(NAMESPACE, metadata["name"])] if concerned else []

    def reconcile(self, namespace: str, name: str) -> float | None:
        self.calls.append(f"{namespace}/{name}")
        if self.failure:
            raise self.failure
        return self.again_s


def touch(world: World, number: int) -> None:
    service = world.store.get(SERVICES, NAMESPACE, "server")
    service["metadata"]["labels"] = {"number": str(number)}
    world.store.update(SERVICES, service)


async def test_what_was_there_before_is_looked_at_first() -> None:
    world, probe = World(), Probe()
    serve(world)
    async with running_only(world, probe):
        assert probe.calls == ["demo/server"]


async def test_a_burst_of_changes_is_one_look() -> None:
    world, probe = World(), Probe()
    serve(world)
    async with running_only(world, probe):
        for number in range(100):
            touch(world, number)
        await world.settle()
        assert len(probe.calls) == 2


async def test_a_reader_that_fell_behind_starts_over() -> None:
    world, probe = World(), Probe()
    serve(world)
    async with running_only(world, probe):
        for number in range(HISTORY + 10):
            touch(world, number)
        await world.settle()
        touch(world, -1)
        await world.settle()
        assert len(probe.calls) == 3


async def test_an_exception_is_logged_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    world, probe, other = World(), Probe(), Probe()
    probe.failure = ValueError("what is this")
    serve(world)
    async with running_only(world, probe, other):
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
        touch(world, 1)
        await world.settle()
        await world.advance(0.1)
        assert len(probe.calls) == 5


async def test_a_refusal_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    world, probe = World(), Probe()
    probe.failure = StatusError("Forbidden", "no")
    serve(world)
    async with running_only(world, probe):
        assert [record for record in caplog.records if record.levelno > logging.INFO] == []
        await world.advance(0.1)
        assert len(probe.calls) == 2


async def test_the_latest_look_says_when_the_next_one_is_due() -> None:
    world, probe = World(), Probe()
    probe.again_s = 10
    serve(world)
    async with running_only(world, probe):
        await world.advance(5)
        touch(world, 1)
        await world.settle()
        await world.advance(6)
        assert len(probe.calls) == 2
        probe.again_s = None
        await world.advance(4)
        assert len(probe.calls) == 3
        await world.advance(3600)
        assert len(probe.calls) == 3


async def test_when_it_is_stopped_nothing_more_is_looked_at() -> None:
    world, probe = World(), Probe()
    probe.again_s = 10
    serve(world)
    async with running_only(world, probe):
        touch(world, 1)
    await world.advance(60)
    assert len(probe.calls) == 1
