"""From a command's options to its work on the target: connect, and ask before a remote cluster is changed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TypeVar

from grpcdemo.cli.interrupts import run
from grpcdemo.cli.invocation import Gone
from grpcdemo.cli.output import console
from grpcdemo.cli.question import require_consent
from grpcdemo.cli.target import connect_to_target
from grpcdemo.cli.target_options import ClusterOptions, TargetOptions
from grpcdemo.errors import GrpcdemoError, Interrupted, NoSandbox
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Done, Reporter
from grpcdemo.model.target import Target
from grpcdemo.sandbox.state import find_state, running

T = TypeVar("T")
SANDBOX_STARTED = Done("the sandbox has started", would="start the sandbox on this machine")


def read(options: ClusterOptions, work: Callable[[Api], Coroutine[None, None, T]], *, report: Reporter) -> T:
    """Run *work*, which changes nothing that it does not ask about, on the target."""

    async def connected() -> T:
        async with connect_to_target(
            options, starts=False, stops=False, dry_run=False, announce=_ignore, report=report
        ) as api:
            options.invocation.target = api.target
            return await work(api)

    return run(connected())


async def _ask_nothing(_: Api) -> None:
    """No other question."""


def change(
    options: TargetOptions,
    work: Callable[[Api], Coroutine[None, None, T]],
    *,
    report: Reporter,
    yes: bool,
    dry_run: bool = False,
    starts: bool = False,
    ask: Callable[[Api], Coroutine[None, None, None]] = _ask_nothing,
    if_interrupted: str | None = None,
) -> T:
    """Name the target, ask if necessary, and run *work*, which changes it.

    With *starts*, start a sandbox if one is needed; a dry run starts none, and raises NoSandbox. *ask* asks what else
    takes consent. *if_interrupted* is the hint after Ctrl-C, once the work has begun: what may be half done, and the
    command that helps.
    """
    hint: str | None = None

    async def connected() -> T:
        nonlocal hint
        async with connect_to_target(
            options,
            starts=starts and not dry_run,
            stops=not dry_run,
            dry_run=dry_run,
            announce=partial(_announce, options),
            report=report,
        ) as api:
            options.invocation.target = api.target
            await _ask(api.target, yes=yes or dry_run)
            await ask(api)
            hint = if_interrupted
            return await work(api)

    try:
        return run(connected())
    except GrpcdemoError as error:
        _note_what_is_gone(options)
        if isinstance(error, Interrupted):
            raise Interrupted(error.exit_code, hint=None if options.invocation.gone else hint) from None
        raise


def rehearse(
    options: TargetOptions,
    work: Callable[[Api], Coroutine[None, None, object]],
    plan: Callable[[Reporter], None],
    *,
    report: Reporter,
    yes: bool,
) -> None:
    """Run *work* as a dry run. Where a sandbox would be started for it, report that, and the *plan*."""
    try:
        change(options, work, report=report, yes=yes, dry_run=True, starts=True)
    except NoSandbox:
        report(SANDBOX_STARTED)
        plan(report)


def _announce(options: TargetOptions, target: str) -> None:
    console(stderr=True).print(f"using {target}, namespace {options.namespace}", soft_wrap=False)


def _note_what_is_gone(options: TargetOptions) -> None:
    """A demo ends with its sandbox."""
    invocation = options.invocation
    if invocation.target and invocation.target.sandbox and not invocation.gone and running(find_state()) is None:
        invocation.gone = Gone(options.namespace)


async def _ask(target: Target, *, yes: bool) -> None:
    """Ask before a remote cluster that no option names: nobody should deploy a demo to production by accident."""
    if yes or target.local or not target.implied:
        return
    await require_consent(
        "This cluster is remote, and no option names it. Use it?",
        GrpcdemoError(
            f"{target} is remote, and no option names it",
            hint=f"name it with --context {target.context}, accept it with --yes, or use --sandbox",
        ),
    )


def _ignore(_: str) -> None:
    """Name no target: the command changes nothing there."""
