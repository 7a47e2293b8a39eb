"""Which target a command talks to: the cluster that is named or implied, or else the embedded sandbox.

A sandbox that a command started by itself ends with the command that leaves no pod in it: after `demo` or
`cleanup` nothing is left of either.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from grpcdemo.cli.invocation import Invocation
from grpcdemo.errors import ExitCode, GrpcdemoError, NoSandbox, Unreachable, UsageError
from grpcdemo.kube.api import Api
from grpcdemo.kube.target import connect
from grpcdemo.model import Done, Reporter, Waiting
from grpcdemo.resources.objects import is_terminating
from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.process import ending_unused, is_ending, start
from grpcdemo.sandbox.state import CONTEXT, ROOM, State, find_state, room_left, running

VARIABLE = "GRPCDEMO_TARGET"
SANDBOX = "the sandbox on this machine"


class Choice(Enum):
    """Which target a command line, the environment and the kubeconfigs choose."""

    CLUSTER = auto()
    SANDBOX = auto()
    """Somebody named it."""
    FALLBACK = auto()
    """The sandbox, since nothing names a cluster."""


@dataclass(frozen=True)
class Connection:
    """What a command's options say of its target, and the namespace in it."""

    invocation: Invocation
    context: str | None
    kubeconfig: str | None
    sandbox: bool
    namespace: str

    def __post_init__(self) -> None:
        if self.sandbox and self.names_cluster:
            raise UsageError("--sandbox is a target of its own", hint="leave out --context and --kubeconfig")
        if len(self.namespace) > 63 or not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", self.namespace):
            raise UsageError(
                f"{self.namespace!r} cannot be the name of a namespace",
                hint="use at most 63 lower case letters, digits and '-', beginning and ending with a letter or digit",
            )

    @property
    def names_cluster(self) -> bool:
        """Whether an option names a cluster."""
        return bool(self.context or self.kubeconfig)


@asynccontextmanager
async def connect_to(
    connection: Connection, *, starts: bool, changes: bool, announce: Callable[[str], None], report: Reporter
) -> AsyncIterator[Api]:
    """The API of the target; *announce* is told its name before anything is changed.

    Where the target is the sandbox and none runs, it is started if *starts*; else NoSandbox is raised. With
    *changes*, one that a command started by itself ends where no pod is left in it.
    """
    state = find_state()
    target = _choose(connection, state)
    if target is Choice.CLUSTER:
        async with await connect(context=connection.context, kubeconfig=connection.kubeconfig) as api:
            announce(str(api.target))
            yield api
        return
    async with AsyncExitStack() as stack:
        if starts or (changes and running(state)):
            ended = partial(report, Done("the sandbox has ended", rehearsed=False))
            await stack.enter_async_context(ending_unused(state, partial(_has_no_pods, state), ended=ended))
        if starts:
            announce(SANDBOX + (", as there is no kubeconfig" if target is Choice.FALLBACK else ""))
            await _start(state, report)
        elif running(state) is None:
            raise NoSandbox(
                "there is no kubeconfig, and no sandbox runs" if target is Choice.FALLBACK else "no sandbox runs",
                hint="`grpcdemo up` starts one with the demo in it; --context or --kubeconfig names a cluster",
            )
        else:
            announce(SANDBOX)
        async with _told_of_sandbox(state):
            yield await stack.enter_async_context(await _connect_to_sandbox(state))


async def _connect_to_sandbox(state: State) -> Api:
    return await connect(context=CONTEXT, kubeconfig=str(state.kubeconfig), sandbox=True)


async def _has_no_pods(state: State) -> bool:
    """Whether no pod is left, but for those that are on their way out."""
    try:
        async with await _connect_to_sandbox(state) as api:
            pods = (await api.list(PODS))["items"]
    except GrpcdemoError:
        return False  # it does not answer: whoever used it was told
    return all(map(is_terminating, pods))


def _choose(connection: Connection, state: State) -> Choice:
    """An option goes before the variable GRPCDEMO_TARGET, and that before the kubeconfig."""
    kubeconfig = connection.kubeconfig or os.environ.get("KUBECONFIG")
    its_own = kubeconfig == str(state.kubeconfig) and connection.context in (None, CONTEXT)
    if connection.sandbox or its_own:
        return Choice.SANDBOX
    if connection.names_cluster:
        return Choice.CLUSTER
    if variable := os.environ.get(VARIABLE):
        return _parse(variable)
    if kubeconfig or (Path.home() / ".kube" / "config").exists():
        return Choice.CLUSTER
    return Choice.FALLBACK


def _parse(variable: str) -> Choice:
    try:
        return {"sandbox": Choice.SANDBOX, "cluster": Choice.CLUSTER}[variable]
    except KeyError:
        raise UsageError(f"{VARIABLE} is {variable!r}", hint="set it to `sandbox` or `cluster`, or unset it") from None


async def _start(state: State, report: Reporter) -> None:
    if running(state) is None:
        report(Waiting("the sandbox to start"))
    if await start(state, by_itself=True):
        report(Done("the sandbox has started", rehearsed=False))


@asynccontextmanager
async def _told_of_sandbox(state: State) -> AsyncIterator[None]:
    """Errors in the sandbox's own words: that it has ended, does not answer, has no room, and how kubectl finds it."""
    try:
        yield
    except Unreachable as error:
        if not await is_ending(state):
            raise GrpcdemoError(
                f"the sandbox runs, and does not answer: {error}",
                hint=f"see {state.log}; `grpcdemo sandbox stop` ends it, and every pod in it",
            ) from error
        raise GrpcdemoError(
            "the sandbox has ended, and every pod in it",
            hint=f"its last words are in {state.log}; `grpcdemo up` starts another",
        ) from error
    except GrpcdemoError as error:
        room = room_left(state)
        if room < ROOM and error.exit_code is ExitCode.FAILED:
            raise GrpcdemoError(
                error.message,
                hint=f"the sandbox has {room // 1024} kB left on the disk of {state.root}: make room, and try again",
            ) from error
        raise
