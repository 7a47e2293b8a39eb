"""Run a program until a signal; print one line if it fails; end quietly if its output is closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from grpcdemo.errors import ExitCode, GrpcdemoError
from grpcdemo.waiting import done_within

Program = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Runs until the event is set, then shuts down."""


def run(program: Program) -> int:
    """Run *program* until SIGTERM or SIGINT and return the exit code."""
    try:
        asyncio.run(_run_until_signal(program))
    except GrpcdemoError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_code
    except BrokenPipeError:
        # Python flushes stdout again when it exits, and must not fail then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE


async def _run_until_signal(program: Program) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await program(stop)


def emit(line: str) -> None:
    """Write *line* to the log, which is stdout, and flush it for those who follow the log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def run_until(stop: asyncio.Event, work: Coroutine[Any, Any, None], *, grace_s: float) -> None:
    """Run *work*, which ends after *stop*; cancel it *grace_s* seconds after that."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        with contextlib.suppress(asyncio.TimeoutError):
            await done_within(working, grace_s)
    finally:
        working.cancel()
        stopping.cancel()
