"""From a command's options to a running step: connect, ask before touching a far cluster, end well on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, TypeVar

import typer

from grpcdemo.cli.output import console
from grpcdemo.cli.target import Connection, connect_to
from grpcdemo.errors import ExitCode, GrpcdemoError, Interrupted

if TYPE_CHECKING:
    from grpcdemo.kube.api import Api
    from grpcdemo.model import Reporter, StepEvent, Target

T = TypeVar("T")

ENDING_SIGNALS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HUNG_UP,
}


def read(connection: Connection, work: Callable[[Api], Coroutine[None, None, T]]) -> T:
    """Run *work*, which changes nothing, on the target."""

    async def connected() -> T:
        async with connect_to(connection, starts=False, changes=False, announce=_ignore, report=_ignore) as api:
            connection.invocation.target = api.target
            return await work(api)

    return run(connected())


def change(
    connection: Connection,
    work: Callable[[Api], Coroutine[None, None, T]],
    *,
    report: Reporter,
    yes: bool,
    dry_run: bool = False,
    starts: bool = False,
    if_interrupted: str | None = None,
) -> T:
    """Run *work*, which changes the target: name the target first, and ask where nobody chose it.

    With *starts*, a sandbox is started where one is needed. *if_interrupted* is the hint after Ctrl-C: what
    may be half done, and the command that helps.
    """

    def announce(target: str) -> None:
        console(stderr=True).print(f"using {target}, namespace {connection.namespace}", soft_wrap=True)

    async def connected() -> T:
        async with connect_to(
            connection, starts=starts, changes=starts or not dry_run, announce=announce, report=report
        ) as api:
            connection.invocation.target = api.target
            api.dry_run = dry_run
            if not dry_run:
                _ask(api.target, yes=yes)
            return await work(api)

    return run(connected(), if_interrupted=if_interrupted)


def run(work: Coroutine[None, None, T], *, if_interrupted: str | None = None) -> T:
    """Run a coroutine to its end. One of ENDING_SIGNALS cancels it, waits for it to tidy up, and raises Interrupted.

    SIGHUP does not where whoever started us has it ignored, as nohup does.
    """
    received: list[signal.Signals] = []

    async def interruptible() -> T:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def interrupt(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        for number in ENDING_SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            with contextlib.suppress(NotImplementedError):  # no such thing on Windows
                loop.add_signal_handler(number, interrupt, number)
        return await task

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        code = ENDING_SIGNALS[received[0]] if received else ExitCode.INTERRUPTED
        raise Interrupted(code, hint=if_interrupted) from None


def _ask(target: Target, *, yes: bool) -> None:
    """Nobody should deploy a demo to production by reflex."""
    if yes or target.local or not target.implied:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise GrpcdemoError(
            f"{target} is merely the current context, and not on this machine",
            hint=f"name it with --context {target.context}, or go on with --yes",
        )
    if not typer.confirm("It is merely the current context, and not on this machine. Use it?", err=True):
        raise GrpcdemoError("nothing was changed", hint="choose a cluster with --context NAME")


def _ignore(_: str | StepEvent) -> None:
    """For what nobody needs to be told."""
