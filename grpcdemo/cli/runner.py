"""From a command's options to its work on the target: connect, and ask before a remote cluster is changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

import typer

from grpcdemo.cli.interrupts import run
from grpcdemo.cli.output import console
from grpcdemo.cli.target import ClusterOptions, TargetOptions, connect_to_target
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Reporter
from grpcdemo.model.target import Target

T = TypeVar("T")


def read(options: ClusterOptions, work: Callable[[Api], Coroutine[None, None, T]], *, report: Reporter) -> T:
    """Run *work*, which changes nothing, on the target."""

    async def connected() -> T:
        async with connect_to_target(
            options, starts=False, stops=False, dry_run=False, announce=_ignore, report=report
        ) as api:
            options.invocation.target = api.target
            return await work(api)

    return run(connected())


def change(
    options: TargetOptions,
    work: Callable[[Api], Coroutine[None, None, T]],
    *,
    report: Reporter,
    yes: bool,
    dry_run: bool = False,
    starts: bool = False,
    if_interrupted: str | None = None,
) -> T:
    """Name the target, ask if necessary, and run *work*, which changes it.

    With *starts*, start a sandbox if one is needed. *if_interrupted* is the hint after Ctrl-C: what may be half done,
    and the command that helps.
    """

    def announce(target: str) -> None:
        console(stderr=True).print(f"using {target}, namespace {options.namespace}", soft_wrap=True)

    async def connected() -> T:
        async with connect_to_target(
            options, starts=starts, stops=starts or not dry_run, dry_run=dry_run, announce=announce, report=report
        ) as api:
            options.invocation.target = api.target
            if not dry_run:
                _ask(api.target, yes=yes)
            return await work(api)

    return run(connected(), if_interrupted=if_interrupted)


def _ask(target: Target, *, yes: bool) -> None:
    """Ask before a remote cluster that no option names: nobody should deploy a demo to production by accident."""
    if yes or target.local or not target.implied:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise GrpcdemoError(
            f"{target} is remote, and only the current context",
            hint=f"name it with --context {target.context}, or accept it with --yes",
        )
    if not typer.confirm("This cluster is remote, and only the current context. Use it?", err=True):
        raise GrpcdemoError("nothing was changed", hint="choose a cluster with --context NAME")


def _ignore(_: str) -> None:
    """Name no target: the command changes nothing there."""
