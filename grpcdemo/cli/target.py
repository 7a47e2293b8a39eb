"""Which target a command talks to: a cluster, named or implied, or else the sandbox on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.invocation import Invocation
from grpcdemo.errors import GrpcdemoError, NoSandbox, UsageError
from grpcdemo.kube.access.kubeconfig import Kubeconfig, find_kubeconfig
from grpcdemo.kube.access.service_account import find_pod
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect
from grpcdemo.kube.client.patience import Patience
from grpcdemo.manifests import defaults
from grpcdemo.model.progress import Reporter, unreported
from grpcdemo.resources.objects import is_terminating
from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.session import session
from grpcdemo.sandbox.state import CONTEXT, State, find_state, running

VARIABLE = "GRPCDEMO_TARGET"
SANDBOX = "the sandbox on this machine"
SANDBOX_PATIENCE = Patience(lost_s=1.0)
"""A sandbox that has ended does not come back: the next one is another server."""


class Choice(Enum):
    """The target that options, environment and kubeconfig choose."""

    CLUSTER = auto()
    SANDBOX = auto()
    FALLBACK = auto()
    """The sandbox, because nothing names a cluster."""


@dataclass(frozen=True)
class ClusterOptions:
    """The options that choose a command's target."""

    HEADING = "Target"

    typed: typer.Context
    context: options.Context = None
    kubeconfig: options.Kubeconfig = None
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use the sandbox on this machine, whatever the kubeconfig says.")
    ] = False

    def __post_init__(self) -> None:
        if self.sandbox and self.name_cluster:
            raise UsageError("--sandbox excludes --context and --kubeconfig", hint="choose one target")

    @property
    def invocation(self) -> Invocation:
        invocation: Invocation = self.typed.obj
        return invocation

    def commands_of(self, *, shown: bool) -> Invocation | None:
        """For `Progress`: whose commands are shown, if they are."""
        return self.invocation if shown else None

    @property
    def name_cluster(self) -> bool:
        return bool(self.context or self.kubeconfig)


@dataclass(frozen=True)
class TargetOptions(ClusterOptions):
    """The options that choose a command's target, and the namespace there."""

    namespace: Annotated[str, typer.Option("--namespace", "-n", metavar="NAME", help="The demo's namespace.")] = (
        defaults.NAMESPACE
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_namespace(self.namespace)

    @property
    def flags(self) -> tuple[str, ...]:
        """What was typed to choose the target and the namespace, for the next command."""
        named = {"--context": self.context, "--kubeconfig": self.kubeconfig}
        if self.namespace != defaults.NAMESPACE:
            named["--namespace"] = self.namespace
        chosen = [word for flag, value in named.items() if value for word in (flag, value)]
        return ("--sandbox", *chosen) if self.sandbox else tuple(chosen)


def check_namespace(name: str) -> None:
    """Raises UsageError if no namespace can have this *name*."""
    if len(name) > 63 or not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
        raise UsageError(
            f"{name!r} cannot be the name of a namespace",
            hint="use at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit",
        )


def choose_target(
    target: ClusterOptions,
    *,
    variable: str | None,
    kubeconfig: Kubeconfig,
    sandbox_kubeconfig: Path | None,
    in_pod: bool,
) -> Choice:
    """Options win over the *variable* GRPCDEMO_TARGET, and that over the *kubeconfig*; the sandbox's own means it.

    A default without a file falls back to the sandbox, but not in a pod: it has a cluster around it.
    """
    is_its_own = kubeconfig.paths == (sandbox_kubeconfig,) and target.context in (None, "", CONTEXT)
    if target.sandbox or is_its_own:
        return Choice.SANDBOX
    if target.name_cluster:
        return Choice.CLUSTER
    if variable:
        return _parse(variable)
    return Choice.FALLBACK if kubeconfig.implied and not kubeconfig.exists and not in_pod else Choice.CLUSTER


def _parse(variable: str) -> Choice:
    try:
        return {"sandbox": Choice.SANDBOX, "cluster": Choice.CLUSTER}[variable]
    except KeyError:
        raise UsageError(f"{VARIABLE} is {variable!r}", hint="set it to `sandbox` or `cluster`, or unset it") from None


@asynccontextmanager
async def connect_to_target(
    target: ClusterOptions,
    *,
    starts: bool,
    stops: bool,
    dry_run: bool,
    announce: Callable[[str], None],
    report: Reporter,
) -> AsyncIterator[Api]:
    """The API of the target, whose name *announce* gets first.

    If the target is the sandbox: with *starts*, it is started if it does not run, else NoSandbox is raised; with
    *stops*, an auto-started one is stopped afterwards if no pod is left in it.
    """
    kubeconfig, pod = find_kubeconfig(target.kubeconfig), find_pod(os.environ)
    choice = choose_target(
        target,
        variable=os.environ.get(VARIABLE),
        kubeconfig=kubeconfig,
        sandbox_kubeconfig=_own_kubeconfig(),
        in_pod=pod is not None,
    )
    if choice is Choice.CLUSTER:
        async with await connect(kubeconfig, context=target.context, dry_run=dry_run, pod=pod, report=report) as api:
            announce(str(api.target))
            yield api
        return
    state = find_state()
    if not starts and running(state) is None:
        raise NoSandbox(
            "there is no kubeconfig, and no sandbox runs" if choice is Choice.FALLBACK else "no sandbox runs",
            hint="`grpcdemo up` starts one with the demo in it; --context or --kubeconfig names a cluster",
        )
    announce(SANDBOX + (", because there is no kubeconfig" if choice is Choice.FALLBACK else ""))
    async with (
        session(state, starts=starts, stops=stops, is_empty=partial(_has_no_pods, state), report=report),
        await _connect_to_sandbox(state, dry_run=dry_run, report=report) as api,
    ):
        yield api


def _own_kubeconfig() -> Path | None:
    """The sandbox's. None for a user without a home, who can have none."""
    try:
        return find_state().kubeconfig
    except GrpcdemoError:
        return None


async def _connect_to_sandbox(state: State, *, dry_run: bool = False, report: Reporter = unreported) -> Api:
    own = str(state.kubeconfig)
    kubeconfig = find_kubeconfig(None if os.environ.get("KUBECONFIG") == own else own)  # kubectl finds an exported one
    return await connect(
        kubeconfig, context=CONTEXT, sandbox=True, dry_run=dry_run, patience=SANDBOX_PATIENCE, report=report
    )


async def _has_no_pods(state: State) -> bool:
    """Whether all pods are terminating. A sandbox that does not answer counts as in use."""
    try:
        async with await _connect_to_sandbox(state) as api:
            return all(is_terminating(pod) for pod in (await api.list(PODS))["items"])
    except GrpcdemoError:
        return False
