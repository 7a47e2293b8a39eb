"""From a command's options to a running step: connect, ask before touching a far cluster, end well on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import typer

from grpcdemo.cli.output import console
from grpcdemo.errors import ExitCode, GrpcdemoError, Interrupted, UsageError

if TYPE_CHECKING:
    from grpcdemo.kube.api import Api
    from grpcdemo.model import Target

T = TypeVar("T")

ENDING_SIGNALS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HUNG_UP,
}


@dataclass(frozen=True)
class Connection:
    """Which cluster, and which namespace in it."""

    context: str | None
    kubeconfig: str | None
    namespace: str

    def __post_init__(self) -> None:
        if len(self.namespace) > 63 or not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", self.namespace):
            raise UsageError(
                f"{self.namespace!r} cannot be the name of a namespace",
                hint="use at most 63 lower case letters, digits and '-', beginning and ending with a letter or digit",
            )


def read(connection: Connection, work: Callable[[Api], Coroutine[None, None, T]]) -> T:
    """Run *work*, which changes nothing, on the cluster."""
    return run(_connected(connection, work, before=lambda _: None))


def change(
    connection: Connection,
    work: Callable[[Api], Coroutine[None, None, T]],
    *,
    yes: bool,
    dry_run: bool = False,
    if_interrupted: str | None = None,
) -> T:
    """Run *work*, which changes the cluster: name the cluster first, and ask where nobody chose it.

    *if_interrupted* is the hint after Ctrl-C: what may be half done, and the command that helps.
    """

    async def prepared(api: Api) -> T:
        api.dry_run = dry_run
        return await work(api)

    def before(target: Target) -> None:
        console(stderr=True).print(f"using {target}, namespace {connection.namespace}", soft_wrap=True)
        if not dry_run:
            _ask(target, yes=yes)

    return run(_connected(connection, prepared, before=before), if_interrupted=if_interrupted)


def run(work: Coroutine[None, None, T], *, if_interrupted: str | None = None) -> T:
    """Run a coroutine to its end. Ctrl-C and SIGTERM cancel it, wait for it to tidy up, and raise Interrupted."""
    received: list[signal.Signals] = []

    async def interruptible() -> T:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def interrupt(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        for number in ENDING_SIGNALS:
            with contextlib.suppress(NotImplementedError):  # no such thing on Windows
                loop.add_signal_handler(number, interrupt, number)
        return await task

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        interrupted = Interrupted("interrupted", hint=if_interrupted)
        interrupted.exit_code = ENDING_SIGNALS[received[0]]
        raise interrupted from None


async def _connected(
    connection: Connection,
    work: Callable[[Api], Coroutine[None, None, T]],
    *,
    before: Callable[[Target], None],
) -> T:
    from grpcdemo.kube.target import connect

    async with await connect(context=connection.context, kubeconfig=connection.kubeconfig) as api:
        before(api.target)
        return await work(api)


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
