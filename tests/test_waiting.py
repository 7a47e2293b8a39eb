"""Waiting ends in time, and no cancellation is lost in it, whenever it comes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from grpcdemo.waiting import done_within, is_set_within

MOMENTS = range(12)
"""Turns of the event loop between what is waited for and the cancellation; after these the waiting is over."""


async def pause(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def is_swallowed(wait: Callable[[asyncio.Event], Coroutine[Any, Any, object]], turns: int) -> bool:
    """Whether a cancellation is lost that comes so many turns after the event, and before the waiting is over."""
    event = asyncio.Event()
    waiting = asyncio.ensure_future(wait(event))
    await pause(5)
    event.set()
    await pause(turns)
    if not waiting.cancel():
        return False
    await asyncio.wait([waiting])
    return not waiting.cancelled()


@pytest.mark.parametrize("turns", MOMENTS)
async def test_a_cancellation_that_comes_with_the_event_is_not_lost(turns: int) -> None:
    assert not await is_swallowed(lambda event: is_set_within(event, 60), turns)


@pytest.mark.parametrize("turns", MOMENTS)
async def test_a_cancellation_that_comes_with_the_result_is_not_lost(turns: int) -> None:
    assert not await is_swallowed(lambda event: done_within(event.wait(), 60), turns)


async def test_an_event_that_is_set_already_is_not_waited_for() -> None:
    event = asyncio.Event()
    event.set()
    assert await is_set_within(event, 0)


async def test_an_event_that_is_not_set_in_time_is_not_waited_for_any_longer() -> None:
    assert not await is_set_within(asyncio.Event(), 0.01)
    await pause(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing of the waiting is left"


async def test_work_that_is_done_in_time_gives_its_result() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await done_within(work(), 60) == "done"


async def test_work_that_fails_in_time_raises_its_error() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await done_within(work(), 60)


async def test_work_that_takes_too_long_has_tidied_up_when_the_time_out_is_raised() -> None:
    tidied = False

    async def work() -> None:
        nonlocal tidied
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied = True

    with pytest.raises(asyncio.TimeoutError):
        await done_within(work(), 0.01)
    assert tidied
