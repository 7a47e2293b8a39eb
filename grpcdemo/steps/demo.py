"""The whole story: up, pinned, Istio on, balanced; and nothing is left, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.kube.api import Api
from grpcdemo.model import DemoResult, Done, Observation, Phase, Reporter, Warned
from grpcdemo.steps.cleanup import CleanupConfig, cleanup
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.steps.up import UpConfig, up
from grpcdemo.verdict import Outcome

CLEANUP_S = 60.0
"""After a failure or Ctrl-C, cleaning up gets this long, whatever time the rest had."""


@dataclass(frozen=True)
class DemoConfig:
    """What the story is told with. Raises UsageError where it could not be told."""

    up: UpConfig
    revision: str | None = None
    keep: bool = False
    """Leave the demo in the cluster."""
    cleanup_s: float = CLEANUP_S

    def __post_init__(self) -> None:
        if self.up.servers < 2:
            raise UsageError(
                "one server leaves nothing to balance over",
                hint="tell the story with --servers 2 or more; `grpcdemo up` deploys a single one, too",
            )


async def rehearse(api: Api, config: DemoConfig, report: Reporter) -> None:
    """Say what `demo` would do, with an API that persists nothing."""
    await up(api, config.up, report)
    report(Done("calls watched until they are seen pinned"))
    report(Done("Istio's injection switched on, both Deployments restarted"))
    report(Done("calls watched until they are seen balanced"))
    if not config.keep:
        report(Done(f"all of it deleted from namespace {config.up.namespace}"))


async def demo(api: Api, config: DemoConfig, report: Reporter, show: Callable[[Phase], None]) -> DemoResult:
    """Tell the story and clean up, also after Ctrl-C and after a failure.

    Each phase is handed to *show* again and again, as far as it was seen.
    Raises UnexpectedVerdict or NotEnoughResponses where it did not go as the story says.
    """
    if config.keep:
        return await _tell(api, config, report, show)
    try:
        result = await _tell(api, config, report, show)
    except BaseException as error:
        await _clean_up_after(error, api, config, report)
        raise
    try:
        await cleanup(api, _cleanup_config(config, config.up.timeout_s), report)
    except asyncio.CancelledError as error:
        await _clean_up_after(error, api, config, report)
        raise
    return result


async def _tell(api: Api, config: DemoConfig, report: Reporter, show: Callable[[Phase], None]) -> DemoResult:
    began = asyncio.get_running_loop().time()
    await up(api, config.up, report)
    before = await _watch(api, config, "Istio off", Outcome.PINNED, report, show)
    wanted = SwitchConfig(
        on=True,
        namespace=config.up.namespace,
        revision=config.revision,
        timeout_s=config.up.timeout_s,
        shared=config.up.shared,
    )
    await switch(api, wanted, report)
    after = await _watch(api, config, "Istio on", Outcome.BALANCED, report, show)
    return DemoResult(before, after, asyncio.get_running_loop().time() - began)


async def _watch(
    api: Api, config: DemoConfig, title: str, expected: Outcome, report: Reporter, show: Callable[[Phase], None]
) -> Phase:
    wanted = ObserveConfig(namespace=config.up.namespace, expect=expected, timeout_s=config.up.timeout_s)
    seen: Observation | None = None
    async for seen in observe(api, wanted):
        show(Phase(title, seen))
    assert seen is not None, "observe tells at least one observation"
    report(Done(f"{seen.verdict.outcome.value}: {seen.verdict.reason}"))
    check_expected(expected, seen)
    return Phase(title, seen)


async def _clean_up_after(error: BaseException, api: Api, config: DemoConfig, report: Reporter) -> None:
    """Clean up in a time of its own; what fails in it must not hide *error*, which is why we are here."""
    task = asyncio.current_task()
    if task is not None and isinstance(error, asyncio.CancelledError) and hasattr(task, "uncancel"):
        task.uncancel()
    try:
        await cleanup(api, _cleanup_config(config, min(config.cleanup_s, config.up.timeout_s)), report)
    except GrpcdemoError as failed:
        if str(failed) == str(error):
            return  # the same again, such as a cluster that cannot be reached
        again = f"`grpcdemo cleanup --namespace {config.up.namespace}`"
        report(Warned(f"cleaning up failed: {failed}; what is left can be removed with {again}"))


def _cleanup_config(config: DemoConfig, timeout_s: float) -> CleanupConfig:
    return CleanupConfig(namespace=config.up.namespace, timeout_s=timeout_s)
