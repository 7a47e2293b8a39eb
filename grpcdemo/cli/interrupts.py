"""Run a command's work so that it cleans up after Ctrl-C, SIGTERM and SIGHUP."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import TypeVar

from grpcdemo.errors import ExitCode, Interrupted

T = TypeVar("T")

ENDING_SIGNALS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HUNG_UP,
}


def run(work: Coroutine[None, None, T], *, if_interrupted: str | None = None) -> T:
    """Run *work*. One of ENDING_SIGNALS cancels it, and raises Interrupted with the hint *if_interrupted*.

    A SIGHUP that is ignored, as under nohup, stays ignored. A second SIGHUP does not cancel what cleans up.
    """
    received: list[signal.Signals] = []

    async def interruptible() -> T:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def interrupt(number: signal.Signals) -> None:
            if number is signal.SIGHUP and number in received:
                return  # the shell and the kernel both tell that one terminal is closed
            received.append(number)
            task.cancel()

        for number in ENDING_SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
                loop.add_signal_handler(number, interrupt, number)
        return await task

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        code = ENDING_SIGNALS[received[0]] if received else ExitCode.INTERRUPTED
        raise Interrupted(code, hint=if_interrupted) from None
