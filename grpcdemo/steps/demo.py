"""The whole demo: up, pinned, Istio on, balanced; then clean up, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, Unauthorized, Unreachable, UsageError
from grpcdemo.kube.api import Api
from grpcdemo.model import DemoResult, Done, Observation, Phase, Reporter, Warned
from grpcdemo.steps.cleanup import CleanupConfig, cleanup
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.steps.up import UpConfig, up
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
    cleanup_s: float = CLEANUP_S

    def __post_init__(self) -> None:
        if self.up.servers < 2:
            raise UsageError(
                "one server leaves nothing to balance over",
                hint="use --servers 2 or more; `grpcdemo up` also deploys a single one",
            )


async def rehearse(api: Api, config: DemoConfig, report: Reporter) -> None:
    """Report what `demo` would do, with an API that persists nothing."""
    await up(api, config.up, report)
    report(Done("calls observed until pinned"))
    report(Done("injection switched on, both Deployments restarted"))
    report(Done("calls observed until balanced"))
    if not config.keep:
        report(Done(f"everything of grpcdemo's deleted from namespace {config.up.namespace}"))


async def demo(api: Api, config: DemoConfig, report: Reporter, show: Callable[[Phase], None]) -> DemoResult:
    """Run the demo and clean up, also after Ctrl-C and after a failure; *show* each phase whenever it has news.

    Raises UnexpectedVerdict or NotEnoughResponses if a phase does not end in its verdict.
    """
    if config.keep:
        return await _run(api, config, report, show)
    try:
        result = await _run(api, config, report, show)
    except BaseException as error:
        await _clean_up_after(error, api, config, report)
        raise
    try:
        await cleanup(api, _cleanup_config(config, config.up.timeout_s), report)
    except asyncio.CancelledError as error:
        await _clean_up_after(error, api, config, report)
        raise
    return result


async def _run(api: Api, config: DemoConfig, report: Reporter, show: Callable[[Phase], None]) -> DemoResult:
    began = asyncio.get_running_loop().time()
    await up(api, config.up, report)
    before = await _observe(api, config, "Istio off", Outcome.PINNED, report, show)
    on = SwitchConfig(
        on=True,
        namespace=config.up.namespace,
        revision=config.revision,
        timeout_s=config.up.timeout_s,
        shared=config.up.shared,
    )
    await switch(api, on, report)
    after = await _observe(api, config, "Istio on", Outcome.BALANCED, report, show)
    return DemoResult(before, after, asyncio.get_running_loop().time() - began)


async def _observe(
    api: Api, config: DemoConfig, title: str, expected: Outcome, report: Reporter, show: Callable[[Phase], None]
) -> Phase:
    observe_config = ObserveConfig(namespace=config.up.namespace, expect=expected, timeout_s=config.up.timeout_s)
    observation: Observation | None = None
    async for observation in observe(api, observe_config):
        show(Phase(title, observation))
    assert observation is not None, "observe yields at least one observation"
    report(Done(f"{observation.verdict.outcome.value}: {observation.verdict.reason}"))
    check_expected(expected, observation)
    return Phase(title, observation)


async def _clean_up_after(error: BaseException, api: Api, config: DemoConfig, report: Reporter) -> None:
    """Clean up within a timeout of its own; a failure of the cleanup must not hide *error*."""
    task = asyncio.current_task()
    if task is not None and isinstance(error, asyncio.CancelledError) and hasattr(task, "uncancel"):
        task.uncancel()
    try:
        await cleanup(api, _cleanup_config(config, min(config.cleanup_s, config.up.timeout_s)), report)
    except GrpcdemoError as failed:
        if isinstance(failed, Unreachable | Unauthorized) and type(failed) is type(error):
            return  # one error says it
        again = f"`grpcdemo cleanup --namespace {config.up.namespace}`"
        report(Warned(f"cleaning up failed: {failed}; remove what is left with {again}"))


def _cleanup_config(config: DemoConfig, timeout_s: float) -> CleanupConfig:
    return CleanupConfig(namespace=config.up.namespace, timeout_s=timeout_s)
