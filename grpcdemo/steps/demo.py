"""The whole demo: up, pinned, Istio on, balanced; then clean up, however it ends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from grpcdemo.durations import format_duration
from grpcdemo.errors import DemoRunning, GrpcdemoError, Unauthorized, Unreachable, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease, LeaseTiming
from grpcdemo.manifests import defaults
from grpcdemo.manifests.render import NEWEST
from grpcdemo.model.act import Act, Scene
from grpcdemo.model.observation import Observation
from grpcdemo.model.pods import Pod
from grpcdemo.model.progress import Reporter, StepEvent, Warned
from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.steps.cleanup import CleanupConfig, clean_up
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.steps.preflight import require_injector
from grpcdemo.steps.unfinished import Notes
from grpcdemo.steps.up import UpConfig, bring_up, manifest_values
from grpcdemo.verdict import Criteria, Outcome
from grpcdemo.verdict.evidence import fewest_for_even
from grpcdemo.waiting import take_back_cancellation

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
    act_s: float = 0.0
    """How long each measurement is watched, at least."""
    cleanup_s: float = CLEANUP_S
    lease: LeaseTiming = field(default_factory=LeaseTiming)

    def __post_init__(self) -> None:
        if self.up.wanted.servers == 1:
            raise UsageError(
                "one server leaves nothing to balance over",
                hint="use --servers 2 or more; `grpcdemo up` also deploys a single one",
            )
        _require_pace(self.up)


def _require_pace(up: UpConfig) -> None:
    """Raise UsageError if even perfectly even calls were too few for a verdict within the timeout."""
    values = manifest_values(up, NEWEST)
    needed = fewest_for_even(values.servers, Criteria.tolerance, Criteria.error_rate)
    least_s = needed / (values.rate * values.clients)
    if least_s > up.timeout_s:
        raise UsageError(
            f"at {values.rate:g} calls a second, it takes {format_duration(math.ceil(least_s))} to tell balanced from "
            f"uneven, and --timeout is {format_duration(up.timeout_s)}",
            hint=f"use --rate {math.ceil(2 * values.rate * least_s / up.timeout_s)}, or a longer --timeout",
        )


class Audience:
    """To whom the demo is told. This one does not listen."""

    async def begin(self, scene: Scene) -> None:
        """Take that an act begins. The demo waits until this returns."""

    def show(self, phase: Phase) -> None:
        """Take the news of what is observed."""

    def end(self, scene: Scene) -> None:
        """Take that an act has ended as it should."""

    async def before_cleanup(self) -> None:
        """Take that the demo will be deleted. It waits until this returns."""

    def cleaned(self) -> None:
        """Take that nothing is left."""


async def demo(api: Api, config: DemoConfig, report: Reporter, audience: Audience) -> DemoResult:
    """Tell the demo to the *audience*, and clean up, also after Ctrl-C and after a failure.

    It takes the place of one that is deployed there: see `steps.preflight`.

    Raises UnexpectedVerdict or NotEnoughResponses if a phase does not end in its verdict; DemoRunning if somebody
    else's demo runs in the namespace, which is left alone.
    """
    await require_injector(api, config.up, config.revision)
    async with Lease(api, config.up.namespace, config.lease) as lease:
        run = _Run(api, config, Notes(report), audience, lease)
        if config.keep:
            return await run.tell()
        try:
            result = await run.tell()
        except DemoRunning:
            raise
        except BaseException as error:
            await run.clean_up_after(error)
            raise
        try:
            await run.clean_up(config.up.timeout_s)
        except asyncio.CancelledError as error:
            await run.clean_up_after(error)
            raise
        except GrpcdemoError:
            report(Warned(f"the demo is not cleaned up; {_remove_the_rest(config)}"))
            raise
        return result


@dataclass(frozen=True)
class _Half:
    """One half of the demo: what it is about, and how it should end."""

    act: Act
    title: str
    proxies: bool
    expected: Outcome


OFF = _Half(Act.OFF, "Istio off", proxies=False, expected=Outcome.PINNED)
ON = _Half(Act.ON, "Istio on", proxies=True, expected=Outcome.BALANCED)


@dataclass(frozen=True)
class _Run:
    """One run of the acts, and its cleanup."""

    api: Api
    config: DemoConfig
    report: Notes
    audience: Audience
    lease: Lease

    async def tell(self) -> DemoResult:
        """All but the cleanup. Raises the loss of the lease rather than what came of it."""
        try:
            result = await self._acts()
            if not self.config.keep:
                await self.audience.before_cleanup()
        except GrpcdemoError:
            await self.lease.confirm()
            raise
        await self.lease.confirm()
        return result

    async def clean_up(self, timeout_s: float) -> None:
        config = CleanupConfig(self.config.up.namespace, timeout_s)
        await clean_up(self.api, config, _to_whoever_reads(self.report), self.lease)
        self.audience.cleaned()

    async def clean_up_after(self, error: BaseException) -> None:
        """Within a timeout of its own; neither a failure of the cleanup nor Ctrl-C hides *error*."""
        take_back_cancellation(error)
        try:
            await self.clean_up(min(self.config.cleanup_s, self.config.up.timeout_s))
        except asyncio.CancelledError as canceled:
            if isinstance(error, OSError):  # the terminal was closed; its SIGHUP comes after the failure to write there
                await self.clean_up_after(canceled)
                return
            if isinstance(error, GrpcdemoError):  # Ctrl-C is what ends the command, and what it prints last
                self.report(Warned(f"the demo failed: {error}"))
            raise
        except GrpcdemoError as failed:
            # What ended the demo may also be why nothing is cleaned up: then one of the errors says it.
            is_same = isinstance(failed, Unreachable | Unauthorized) and type(failed) is type(error)
            if self.report.is_done or not is_same:
                reason = "the demo is not cleaned up" if is_same else f"cleaning up failed: {failed}"
                self.report(Warned(f"{reason}; {_remove_the_rest(self.config)}"))

    async def _acts(self) -> DemoResult:
        began = asyncio.get_running_loop().time()
        pods = await self._deploy()
        before = await self._observe(OFF, pods)
        pods = await self._switch(pods)
        after = await self._observe(ON, pods)
        return DemoResult(before, after, asyncio.get_running_loop().time() - began)

    async def _deploy(self) -> list[Pod]:
        await self.audience.begin(self._scene(Act.DEPLOY))
        pods = await bring_up(self.api, replace(self.config.up, afresh=True), self.report, self.lease)
        self.audience.end(self._scene(Act.DEPLOY, pods))
        return pods

    async def _switch(self, pods: list[Pod]) -> list[Pod]:
        await self.audience.begin(self._scene(Act.SWITCH, pods))
        up = self.config.up
        on = SwitchConfig(
            on=True,
            namespace=up.namespace,
            revision=self.config.revision,
            timeout_s=up.timeout_s,
            shared=up.shared,
        )
        pods = await switch(self.api, on, self.report, self.lease)
        self.audience.end(self._scene(Act.SWITCH, pods))
        return pods

    async def _observe(self, half: _Half, pods: list[Pod]) -> Phase:
        await self.audience.begin(self._scene(half.act, pods))
        up = self.config.up
        ends = Ends(expect=half.expected, least_s=self.config.act_s, timeout_s=up.timeout_s)
        observation: Observation | None = None
        async for observation in observe(self.api, ObserveConfig(up.namespace, ends)):
            self.lease.check()
            _check_proxies(observation, half)
            self.audience.show(Phase(half.title, observation))
        assert observation is not None, "observe yields at least one observation"
        check_expected(ends, observation)
        self.audience.end(self._scene(half.act, [*observation.servers, *observation.clients], observation))
        return Phase(half.title, observation)

    def _scene(self, act: Act, pods: Sequence[Pod] = (), observation: Observation | None = None) -> Scene:
        wanted = self.config.up.wanted
        servers, clients = wanted.servers or defaults.SERVERS, wanted.clients or defaults.CLIENTS
        return Scene(act, servers, clients, tuple(pods), observation)


def _check_proxies(observation: Observation, half: _Half) -> None:
    """Raise if a pod is no longer what this half is about: its calls must not vote."""
    for pod in (*observation.clients, *observation.servers):
        if bool(pod.proxy) != half.proxies:
            raise GrpcdemoError(
                f"pod {pod.name} {'no longer has a proxy' if half.proxies else 'has a proxy'}: somebody has turned "
                f"Istio {'off' if half.proxies else 'on'} while the demo ran",
                hint="run it again, or in a namespace of its own with --namespace",
            )


def _to_whoever_reads(report: Reporter) -> Reporter:
    """The same, also where the terminal is closed or the pipe broken: that must not end the cleanup."""

    def tell(event: StepEvent) -> None:
        with suppress(OSError):
            report(event)

    return tell


def _remove_the_rest(config: DemoConfig) -> str:
    return f"remove what is left with `grpcdemo cleanup --namespace {config.up.namespace}`"
