"""From a command's options to a running step: connect, ask before touching a far cluster, end well on Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

import typer

from grpcdemo.cli.interrupts import run
from grpcdemo.cli.output import console
from grpcdemo.cli.target import Connection, connect_to
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.api import Api
from grpcdemo.model import Reporter, StepEvent, Target

T = TypeVar("T")


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
