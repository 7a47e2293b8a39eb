"""A command's session in the sandbox: starts the daemon, stops an unused one, explains its failures.

A daemon that a command started stops with the command that leaves no pod in it, so `demo` and `cleanup` leave nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from grpcdemo.errors import ExitCode, GrpcdemoError, Unreachable
from grpcdemo.model.progress import Done, Reporter, Waiting
from grpcdemo.sandbox.process import start, stop
from grpcdemo.sandbox.state import (
    LOOK_AGAIN_S,
    ROOM,
    State,
    hold_turn,
    hold_use,
    lock_at_once,
    prepare,
    room_left,
    running,
)

ENDING_S = 3.0
"""How long a killed daemon may hold its lock after its connections broke."""


@asynccontextmanager
async def session(
    state: State, *, starts: bool, stops: bool, is_empty: Callable[[], Awaitable[bool]], report: Reporter
) -> AsyncIterator[None]:
    """Around a command's work: *starts* a daemon if none runs, or *stops* one that *is_empty* afterwards."""
    async with AsyncExitStack() as stack:
        if stops:
            await stack.enter_async_context(stopping_unused(state, is_empty, report))
        if starts:
            if running(state) is None:
                report(Waiting("the sandbox to start"))
            if await start(state, auto=True):
                report(Done("the sandbox has started"))
        await stack.enter_async_context(explaining_failures(state))
        yield


@asynccontextmanager
async def stopping_unused(
    state: State, is_empty: Callable[[], Awaitable[bool]], report: Reporter
) -> AsyncIterator[None]:
    """Stop an auto-started daemon after the body if it *is_empty* and no other such command uses it.

    A command that arrives meanwhile waits until the daemon has stopped.
    """
    prepare(state)
    async with hold_use(state) as use:
        try:
            yield
        finally:
            if lock_at_once(use, fcntl.LOCK_EX):
                async with hold_turn(state):
                    if state.auto_started.exists() and running(state) and await is_empty():
                        await stop(state)
                        report(Done("the sandbox has stopped"))


@asynccontextmanager
async def explaining_failures(
    state: State, *, ending_s: float = ENDING_S, room_needed: int = ROOM
) -> AsyncIterator[None]:
    """Explain a failure in the body: the sandbox has ended, does not answer, or has a full disk."""
    try:
        yield
    except Unreachable as error:
        if not await _has_ended(state, within_s=ending_s):
            raise GrpcdemoError(
                f"the sandbox runs but does not answer: {error}",
                hint=f"see {state.log}; `grpcdemo sandbox stop` stops it and every pod in it",
            ) from error
        raise GrpcdemoError(
            "the sandbox and all its pods have ended", hint=f"see {state.log}; `grpcdemo up` starts another"
        ) from error
    except GrpcdemoError as error:
        room = room_left(state)
        if room >= room_needed or error.exit_code is not ExitCode.FAILED:
            raise
        raise GrpcdemoError(
            error.message,
            hint=f"the disk of {state.root} has only {room // 1024} kB left: free some space, and try again",
        ) from error


async def _has_ended(state: State, *, within_s: float) -> bool:
    for _ in range(round(within_s / LOOK_AGAIN_S)):
        if running(state) is None:
            return True
        await asyncio.sleep(LOOK_AGAIN_S)
    return False
