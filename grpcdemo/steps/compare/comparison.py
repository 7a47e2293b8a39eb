"""The whole comparison: deploy every cure, measure each in steady state, then through changes; always clean up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.durations import format_duration
from grpcdemo.errors import DemoRunning, GrpcdemoError, Unauthorized, Unreachable
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.messages import shorten
from grpcdemo.manifests import defaults
from grpcdemo.model.comparison import BASELINE, Comparison, Event, Setting
from grpcdemo.model.progress import Done, Reporter, Waiting, Warned, unreported
from grpcdemo.steps.compare.capabilities import read_capabilities
from grpcdemo.steps.compare.changes import watch_changes
from grpcdemo.steps.compare.config import CompareConfig
from grpcdemo.steps.compare.place import Place
from grpcdemo.steps.compare.plan import IN_SANDBOX, ON_CLUSTER, Plan, Pods, Slot, group_s, make_plan, slot_s
from grpcdemo.steps.compare.results import Results
from grpcdemo.steps.compare.steady import measure_window
from grpcdemo.waiting import take_back_cancellation


async def rehearse(api: Api, config: CompareConfig, report: Reporter) -> None:
    """Report what `compare` would do here, and how long it would take."""
    capabilities = await read_capabilities(api, config)
    _rehearse(make_plan(config, capabilities.left_out(config.cures), _pods(api)), config, report)


def plan(config: CompareConfig, report: Reporter) -> None:
    """The same where nothing can be asked: in a sandbox that does not run yet."""
    _rehearse(make_plan(config, {}, IN_SANDBOX), config, report)


def _rehearse(plan: Plan, config: CompareConfig, report: Reporter) -> None:
    _announce(plan, config, report)
    names = ", ".join(config.namespace_of(cure) for cure in plan.cures)
    report(
        Done(
            "all deployed", would=f"deploy {_counted(len(plan.cures), 'cure')}, each in a namespace of its own: {names}"
        )
    )
    report(
        Done(
            "all measured in steady state", would=f"measure {_counted(len(plan.slots), 'window')}, one after the other"
        )
    )
    report(Done("all measured through changes", would="add, crash, restart and remove servers while clients call"))
    report(Done("all deleted", would="delete these namespaces"))


async def compare(api: Api, config: CompareConfig, results: Results, report: Reporter) -> Comparison:
    """Fill *results*, and return them. Nothing is left in the cluster, also after Ctrl-C and after a failure."""
    pods = _pods(api)
    capabilities = await read_capabilities(api, config)
    plan = make_plan(config, capabilities.left_out(config.cures), pods)
    _announce(plan, config, report)
    results.begin(_setting(plan, config), config.cures, plan.left_out)
    began = asyncio.get_running_loop().time()
    async with AsyncExitStack() as stack:
        places = [
            Place(api, cure, config, capabilities, await stack.enter_async_context(_lease(api, config, cure)))
            for cure in plan.cures
        ]
        try:
            await _Run(places, plan, config, pods, results, report).measure()
            results.complete = True
        except BaseException as error:
            results.seconds = asyncio.get_running_loop().time() - began
            await _clean_up_after(error, places, config, report)
            raise
        await _clean_up(places, config.timeout_s, config, report)
    results.seconds = asyncio.get_running_loop().time() - began
    comparison = results.comparison
    if comparison is None:
        raise GrpcdemoError(f"nothing could be measured: {'; '.join(results.failures.values())}")
    return comparison


def _pods(api: Api) -> Pods:
    return IN_SANDBOX if api.target.sandbox else ON_CLUSTER


def _lease(api: Api, config: CompareConfig, cure: Cure) -> Lease:
    return Lease(api, config.namespace_of(cure), config.lease)


class _Run:
    """The measuring, without the cleanup."""

    def __init__(
        self,
        places: Sequence[Place],
        plan: Plan,
        config: CompareConfig,
        pods: Pods,
        results: Results,
        report: Reporter,
    ) -> None:
        self._places = {place.cure.name: place for place in places}
        self._plan = plan
        self._config = config
        self._pods = pods
        self._results = results
        self._report = report
        self._clock = asyncio.get_running_loop().time
        self._left_s = plan.expected_s
        """Expected of all parts after the present one."""
        self._until = 0.0
        """When the present part is expected to be over."""

    async def measure(self) -> None:
        for place in self._places.values():
            self._begin_part(self._pods.deploy_s)
            self._wait(f"the servers of {place.cure.name}")
            await self._attempt(place, place.deploy(self._report))
        self._report(Done(f"deployed: {', '.join(place.cure.name for place in self._alive)}"))
        await self._in_quiet()
        await self._through_changes()

    async def _in_quiet(self) -> None:
        slots = self._plan.slots
        for slot in slots:
            place = self._places[slot.cure.name]
            self._begin_part(slot_s(self._config, self._pods))
            if place in self._alive:
                self._wait(f"calls of {slot.cure.name} alone, window {slot.number + 1} of {len(slots)}")
                await self._attempt(place, self._measure_window(place, slot))
        self._report(Done(f"measured in steady state: {_counted(self._results.windows, 'window')}"))

    async def _measure_window(self, place: Place, slot: Slot) -> None:
        window, servers = await measure_window(place, slot, self._config)
        self._results.add_window(place.cure, window, servers)

    async def _through_changes(self) -> None:
        for group in self._plan.groups:
            self._begin_part(group_s(group, self._config, self._pods))
            places = [place for cure in group if (place := self._places[cure.name]) in self._alive]
            if places:
                await watch_changes(places, self._config, self._results, self._on_event)
                names = ", ".join(place.cure.name for place in places)
                self._report(Done(f"changes watched: {names}"))

    def _on_event(self, event: Event, places: Sequence[Place]) -> None:
        self._wait(f"{event.value} of {', '.join(place.cure.name for place in places)}")

    @property
    def _alive(self) -> list[Place]:
        return [place for name, place in self._places.items() if name not in self._results.failures]

    async def _attempt(self, place: Place, work: Coroutine[Any, Any, None]) -> None:
        """A cure that fails is a row that says why. Raises what concerns all of them."""
        try:
            await work
        except (Unreachable, Unauthorized, DemoRunning):
            raise
        except GrpcdemoError as error:
            self._results.failures[place.cure.name] = shorten(error.message)
            self._report(Warned(f"{place.cure.name}: {error.message}"))
            if place.cure.name == BASELINE:  # nothing compares without it
                raise

    def _begin_part(self, seconds: float) -> None:
        """A part begins that is expected to take so long."""
        self._left_s -= seconds
        self._until = self._clock() + seconds

    def _wait(self, text: str) -> None:
        left_s = self._left_s + max(0.0, self._until - self._clock())
        self._report(Waiting(f"{text}; about {format_duration(round(left_s))} left"))


def _announce(plan: Plan, config: CompareConfig, report: Reporter) -> None:
    for name, reason in plan.left_out.items():
        report(Warned(f"{name} cannot run here: {reason}"))
    rounds, cures = _counted(config.rounds, "round"), _counted(len(plan.cures), "cure")
    order = f"{_counted(len(plan.slots), 'window')} in {rounds} (order from seed {config.seed})"
    report(Done(f"{cures}, {order}: about {format_duration(round(plan.expected_s))}"))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _setting(plan: Plan, config: CompareConfig) -> Setting:
    return Setting(
        servers=config.servers,
        clients=config.clients,
        rate=config.rate,
        rounds=config.rounds,
        seed=config.seed,
        window_s=config.timing.window_s,
        expected_s=plan.expected_s,
        may_change=tuple(change.value for change in Change if change in config.may_change),
    )


async def _clean_up(places: Sequence[Place], timeout_s: float, config: CompareConfig, report: Reporter) -> None:
    """Delete all the namespaces at once. Raises the first failure, after all are done."""
    report(Waiting(f"{_counted(len(places), 'namespace')} to be gone"))
    outcomes = await asyncio.gather(
        *(place.clean_up(timeout_s, unreported) for place in places), return_exceptions=True
    )
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if not failed:
        report(Done("all namespaces of the comparison are gone"))
        return
    report(Warned(f"the cleanup is not complete; {_remove_the_rest(config)}"))
    raise failed[0]


async def _clean_up_after(
    error: BaseException, places: Sequence[Place], config: CompareConfig, report: Reporter
) -> None:
    """Within a timeout of its own; a failure of the cleanup does not hide *error*."""
    take_back_cancellation(error)
    with suppress(GrpcdemoError):
        await _clean_up(places, min(config.timing.cleanup_s, config.timeout_s), config, report)


def _remove_the_rest(config: CompareConfig) -> str:
    flags = "" if config.namespace == defaults.NAMESPACE else f" --namespace {config.namespace}"
    return f"remove what is left with `grpcdemo cleanup{flags}`"
