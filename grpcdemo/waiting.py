"""Waiting no longer than so many seconds, and ending at once when cancelled, or only after what must be finished.

Until Python 3.12 `asyncio.wait_for` does not: it swallows a cancellation that comes together with what it waits for
(python/cpython#86296), and a Ctrl-C, or an order to stop, is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TypeVar

T = TypeVar("T")


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether *event* is set, at once or within *seconds*."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait([waiting], timeout=seconds)
    finally:
        waiting.cancel()
    return event.is_set()


async def done_within(work: Awaitable[T], seconds: float) -> T:
    """The result of *work*. After *seconds* it is cancelled; raises asyncio.TimeoutError once it has tidied up."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
    await asyncio.wait([task])
    if task.cancelled():
        raise asyncio.TimeoutError
    return task.result()


async def to_its_end(work: Coroutine[None, None, T]) -> T:
    """Finish *work* even if cancelled meanwhile, and only then raise the cancellation.

    A change may still land after it was sent, so the answer is awaited before any cleanup.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def take_back_cancellation(error: BaseException) -> None:
    """If *error* is the cancellation of the present task, let what cleans up wait again."""
    task = asyncio.current_task()
    if task is not None and isinstance(error, asyncio.CancelledError) and hasattr(task, "uncancel"):  # since 3.11
        task.uncancel()
