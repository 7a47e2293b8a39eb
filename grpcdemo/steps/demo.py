"""The whole demo: up, pinned, Istio on, balanced; then clean up, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from grpcdemo.errors import DemoRunning, GrpcdemoError, Unauthorized, Unreachable, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease, LeaseTiming
from grpcdemo.model.observation import Observation
from grpcdemo.model.progress import Done, Reporter, Warned
from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.steps.cleanup import CleanupConfig, clean_up
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.steps.preflight import require_injector, require_place
from grpcdemo.steps.unfinished import Notes
from grpcdemo.steps.up import UpConfig, bring_up, up
from grpcdemo.steps.up import plan as plan_up
from grpcdemo.verdict import Outcome

CLEANUP_S = 60.0
"""How long the cleanup after a failure or Ctrl-C may take, whatever the other timeouts are."""


@dataclass(frozen=True)
class DemoConfig:
    """What to demonstrate, and how. Raises UsageError if there is nothing to balance over."""

    up: UpConfig
    revision: str | None = None
    keep: bool = False
    """Leave the demo in the cluster."""
    replace: bool = False
    """Take the place of a demo that is deployed there."""
    cleanup_s: float = CLEANUP_S
    lease: LeaseTiming = field(default_factory=LeaseTiming)

    def __post_init__(self) -> None:
        if self.up.servers == 1:
            raise UsageError(
                "one server leaves nothing to balance over",
                hint="use --servers 2 or more; `grpcdemo up` also deploys a single one",
            )


async def rehearse(api: Api, config: DemoConfig, report: Reporter) -> None:
    """Report what `demo` would do, with an API that persists nothing. Raises DemoExists."""
    if not config.replace:
        await require_place(api, config.up.namespace)
    await require_injector(api, config.up, config.revision)
    await up(api, replace(config.up, afresh=True), report)
    _plan_phases(config, report)


def plan(config: DemoConfig, report: Reporter) -> None:
    """Report what `demo` would do where nothing is, as in a sandbox that does not run yet. Raises UsageError."""
    plan_up(config.up, report)
    _plan_phases(config, report)


def _plan_phases(config: DemoConfig, report: Reporter) -> None:
    report(Done("calls observed until pinned", would="observe calls until pinned"))
    report(Done("injection on, Deployments restarted", would="switch injection on, and restart both Deployments"))
    report(Done("calls observed until balanced", would="observe calls until balanced"))
    if not config.keep:
        report(Done("all deleted", would=f"delete all that grpcdemo has in namespace {config.up.namespace}"))


async def demo(
    api: Api,
    config: DemoConfig,
    report: Reporter,
    show: Callable[[Phase], None],
    cleaned: Callable[[], None] = lambda: None,
) -> DemoResult:
    """Run the demo and clean up, also after Ctrl-C and after a failure; *show* each phase whenever it has news.

    Call *cleaned* when nothing is left.

    It takes the place of one that is deployed there: see `steps.preflight`.

    Raises UnexpectedVerdict or NotEnoughResponses if a phase does not end in its verdict; DemoRunning if somebody
    else's demo runs in the namespace, which is left alone.
    """
    notes = Notes(report)
    await require_injector(api, config.up, config.revision)
    async with Lease(api, config.up.namespace, config.lease) as lease:
        if config.keep:
            return await _run(api, config, report, show, lease)
        try:
            result = await _run(api, config, notes, show, lease)
        except DemoRunning:
            raise
        except BaseException as error:
            if await _clean_up_after(error, api, config, notes, lease):
                cleaned()
            raise
        try:
            await clean_up(api, _cleanup_config(config, config.up.timeout_s), notes, lease)
        except asyncio.CancelledError as error:
            if await _clean_up_after(error, api, config, notes, lease):
                cleaned()
            raise
        except GrpcdemoError:
            report(Warned(f"the demo is not cleaned up; {_remove_the_rest(config)}"))
            raise
        cleaned()
        return result


async def _run(
    api: Api, config: DemoConfig, report: Reporter, show: Callable[[Phase], None], lease: Lease
) -> DemoResult:
    """Raises the loss of the lease rather than what came of it."""
    try:
        result = await _run_phases(api, config, report, show, lease)
    except GrpcdemoError:
        await lease.confirm()
        raise
    await lease.confirm()
    return result


async def _run_phases(
    api: Api, config: DemoConfig, report: Reporter, show: Callable[[Phase], None], lease: Lease
) -> DemoResult:
    began = asyncio.get_running_loop().time()
    await bring_up(api, replace(config.up, afresh=True), report, lease)
    before = await _observe(api, config, OFF, report, show, lease)
    on = SwitchConfig(
        on=True,
        namespace=config.up.namespace,
        revision=config.revision,
        timeout_s=config.up.timeout_s,
        shared=config.up.shared,
    )
    await switch(api, on, report, lease)
    after = await _observe(api, config, ON, report, show, lease)
    return DemoResult(before, after, asyncio.get_running_loop().time() - began)


@dataclass(frozen=True)
class _Half:
    """One half of the demo: what it is about, and how it should end."""

    title: str
    proxies: bool
    expected: Outcome


OFF = _Half("Istio off", proxies=False, expected=Outcome.PINNED)
ON = _Half("Istio on", proxies=True, expected=Outcome.BALANCED)


async def _observe(
    api: Api, config: DemoConfig, half: _Half, report: Reporter, show: Callable[[Phase], None], lease: Lease
) -> Phase:
    observe_config = ObserveConfig(namespace=config.up.namespace, expect=half.expected, timeout_s=config.up.timeout_s)
    observation: Observation | None = None
    async for observation in observe(api, observe_config):
        lease.check()
        _check_proxies(observation, half)
        show(Phase(half.title, observation))
    assert observation is not None, "observe yields at least one observation"
    report(Done(f"{observation.verdict.outcome.value}: {observation.verdict.reason}"))
    check_expected(observe_config, observation)
    return Phase(half.title, observation)


def _check_proxies(observation: Observation, half: _Half) -> None:
    """Raise if a pod is no longer what this half is about: its calls must not vote."""
    for pod in (*observation.clients, *observation.servers):
        if bool(pod.proxy) != half.proxies:
            raise GrpcdemoError(
                f"pod {pod.name} {'has no proxy any more' if half.proxies else 'has a proxy'}: somebody has switched "
                f"Istio {'off' if half.proxies else 'on'} while the demo ran",
                hint="run it again, maybe in a namespace of its own with --namespace",
            )


async def _clean_up_after(error: BaseException, api: Api, config: DemoConfig, report: Notes, lease: Lease) -> bool:
    """Whether all is gone, within a timeout of its own; neither a failure of the cleanup nor Ctrl-C hides *error*."""
    task = asyncio.current_task()
    if task is not None and isinstance(error, asyncio.CancelledError) and hasattr(task, "uncancel"):
        task.uncancel()
    try:
        await clean_up(api, _cleanup_config(config, min(config.cleanup_s, config.up.timeout_s)), report, lease)
    except asyncio.CancelledError:
        if isinstance(error, GrpcdemoError):  # Ctrl-C is what ends the command, and what it prints last
            report(Warned(f"the demo failed: {error}"))
        raise
    except GrpcdemoError as failed:
        is_same = isinstance(failed, Unreachable | Unauthorized) and type(failed) is type(error)  # one error says it
        if report.is_done or not is_same:
            reason = "the demo is not cleaned up" if is_same else f"cleaning up failed: {failed}"
            report(Warned(f"{reason}; {_remove_the_rest(config)}"))
        return False
    return True


def _remove_the_rest(config: DemoConfig) -> str:
    return f"remove what is left with `grpcdemo cleanup --namespace {config.up.namespace}`"


def _cleanup_config(config: DemoConfig, timeout_s: float) -> CleanupConfig:
    return CleanupConfig(namespace=config.up.namespace, timeout_s=timeout_s)
