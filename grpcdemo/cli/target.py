"""Which target a command talks to: a cluster, named or implied, or else the sandbox on this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Protocol

from grpcdemo.errors import GrpcdemoError, NoSandbox, UsageError
from grpcdemo.kube.access.kubeconfig import Kubeconfig, find_kubeconfig
from grpcdemo.kube.access.service_account import find_pod
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect, load
from grpcdemo.kube.client.patience import Patience
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


class Named(Protocol):
    """What was typed of a target."""

    @property
    def context(self) -> str | None: ...
    @property
    def kubeconfig(self) -> str | None: ...
    @property
    def sandbox(self) -> bool: ...
    @property
    def name_cluster(self) -> bool: ...


def choose_target(
    target: Named,
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
    target: Named,
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
    loading = asyncio.ensure_future(asyncio.to_thread(load))  # while the daemon starts
    async with session(state, starts=starts, stops=stops, is_empty=partial(_has_no_pods, state), report=report):
        await loading
        async with await _connect_to_sandbox(state, dry_run=dry_run, report=report) as api:
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
