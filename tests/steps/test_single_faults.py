"""One fault at each request of each command: the command survives it, and the cluster is as without it.

A fault that stays ends the command with a report of what it did; without it, the next run does the rest.
"""

import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import cycle, zip_longest
from pathlib import Path
from typing import Any

import pytest

from grpcdemo.errors import ApiError, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.patience import Patience
from grpcdemo.kube.demo.settings import Settings
from grpcdemo.model.progress import Reporter
from grpcdemo.resources.labels import APP_NAME
from grpcdemo.resources.objects import Object, annotations_of, is_terminating, labels_of
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS, SERVICES
from grpcdemo.steps.cleanup import CleanupConfig, cleanup
from grpcdemo.steps.demo import Audience, DemoConfig, demo
from grpcdemo.steps.istio.status import istio_status
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.steps.status import read_status
from grpcdemo.steps.up import UpConfig, up
from grpcdemo.verdict import Outcome
from tests.fakes.faults import lose_answer
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Answer, Asked, connected_to, cut, hang, refuse

from .conftest import AT_ONCE
from .events import Events

DEMO = "istio-grpc-demo"
UP = UpConfig(wanted=Settings(servers=2))

Command = Callable[[Api, Reporter], Awaitable[object]]


async def observe_to_the_verdict(api: Api, _: Reporter) -> None:
    async for observation in observe(api, ObserveConfig(ends=Ends(expect=Outcome.PINNED))):
        last = observation
    assert last.verdict.outcome is Outcome.PINNED


COMMANDS: dict[str, Command] = {
    "up": lambda api, report: up(api, UP, report),
    "status": lambda api, _: read_status(api, DEMO),
    "istio status": lambda api, _: istio_status(api, DEMO),
    "observe": observe_to_the_verdict,
    "istio on": lambda api, report: switch(api, SwitchConfig(on=True), report),
    "istio off": lambda api, report: switch(api, SwitchConfig(on=False), report),
    "cleanup": lambda api, report: cleanup(api, CleanupConfig(), report),
    "cleanup --no-wait": lambda api, report: cleanup(api, CleanupConfig(wait=False), report),
    "demo": lambda api, report: demo(api, DemoConfig(UP), report, Audience()),
}


@dataclass(frozen=True)
class Story:
    """Commands that follow each other."""

    commands: tuple[str, ...]
    shared: bool = False
    """The namespace is somebody else's."""


STORIES = {
    "own": Story(("up", "status", "istio status", "observe", "istio on", "istio off", "cleanup")),
    "shared": Story(("up", "istio on", "up", "cleanup --no-wait"), shared=True),
    "demo": Story(("demo",)),
}
stories = pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)

OF_READS: dict[str, Answer] = {"503": refuse(503), "reset": cut()}
OF_CHANGES: dict[str, Answer] = {
    **{str(code): refuse(code, "fault of the test") for code in (409, 429, 500, 503, 504)},
    "reset before": cut(),
    "reset after": lose_answer,
}
FORBIDDEN = refuse(403, 'User "jane" cannot do resource "x" any more')


@dataclass(frozen=True)
class Case:
    """A fault at one request of a command."""

    number: int
    name: str
    fault: Answer


@asynccontextmanager
async def hollow_cluster(
    story: Story, folder: Path, patience: Patience = AT_ONCE
) -> AsyncIterator[tuple[HollowCluster, Api]]:
    cluster = HollowCluster()
    async with cluster.serving() as server, connected_to(server, folder, patience=patience) as api:
        if story.shared:
            cluster.create_namespace(DEMO, labels={"team": "x"}, annotations={"note": "keep"})
        yield cluster, api


async def state(cluster: HollowCluster) -> dict[str, Any]:
    """What the demo is, and how often each Deployment was changed."""
    await cluster.settle()
    namespaces = [
        (labels_of(obj), annotations_of(obj), obj["status"])
        for obj in cluster.store.list(NAMESPACES)
        if obj["metadata"]["name"] == DEMO
    ]
    return {
        "namespaces": namespaces,
        "services": [obj["spec"]["ports"] for obj in cluster.store.list(SERVICES, DEMO)],
        "deployments": [_without_times(obj) for obj in cluster.store.list(DEPLOYMENTS, DEMO)],
        "generations": [obj["metadata"]["generation"] for obj in cluster.store.list(DEPLOYMENTS, DEMO)],
        "pods": Counter((labels_of(obj)[APP_NAME], read_pod(obj).proxy) for obj in cluster.store.list(PODS, DEMO)),
    }


def _without_times(deployment: Object) -> Object:
    spec = deployment["spec"]
    metadata = {key: value for key, value in spec["template"]["metadata"].items() if key != "annotations"}
    return {**spec, "template": {**spec["template"], "metadata": metadata}}


def uncounted(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "generations"}


@dataclass(frozen=True)
class Told:
    """One command of a story without faults: its requests, and what it leaves."""

    command: str
    asked: list[Asked]
    left: Any


async def tell(story: Story, folder: Path) -> list[Told]:
    """The story without faults."""
    told = []
    async with hollow_cluster(story, folder) as (cluster, api):
        for command in story.commands:
            cluster.faults.asked.clear()
            await COMMANDS[command](api, lambda _: None)
            told.append(Told(command, [*cluster.faults.asked], await state(cluster)))
    return told


def cases(told: Told) -> list[Case]:
    """Each fault at each request. `demo`, whose parts have all of them, has one at every other request."""
    faults = [
        [Case(number, *fault) for fault in (OF_READS if asked.method == "GET" else OF_CHANGES).items()]
        for number, asked in enumerate(told.asked)
    ]
    if told.command == "demo":
        return [of_one[number % len(of_one)] for number, of_one in enumerate(faults)][::2]
    return [case for of_one in faults for case in of_one]


async def survive(story: Story, all_told: list[Told], row: tuple[Case | None, ...], folder: Path) -> int:
    """Run the story with a fault in each command, as far as there are any; how many of them were met."""
    met = 0
    last = max(number for number, case in enumerate(row) if case)
    async with hollow_cluster(story, folder) as (cluster, api):
        for told, case in zip(all_told[: last + 1], row, strict=False):
            if case:
                cluster.faults.at(case.number, case.fault)
            else:
                cluster.faults.end()
            where = f"{told.command}, {case.name} at request {case.number}" if case else told.command
            try:
                await COMMANDS[told.command](api, lambda _: None)
            except GrpcdemoError as error:
                pytest.fail(f"{where} {_describe(cluster, case)}: {error}")
            assert await state(cluster) == told.left, f"{where} {_describe(cluster, case)}"
            met += case is not None and len(cluster.faults.asked) > case.number
    return met


def _describe(cluster: HollowCluster, case: Case | None) -> str:
    if case is None or case.number >= len(cluster.faults.asked):
        return ""
    asked = cluster.faults.asked[case.number]
    return f"({asked.method} {asked.path})"


async def rows(story: Story, folder: Path) -> tuple[list[Told], list[tuple[Case | None, ...]]]:
    """The story, and its runs: each has one case of each command, as long as there are any."""
    told = await tell(story, folder)
    return told, list(zip_longest(*map(cases, told)))


SAMPLE = 1
PARTS = 4


@stories
async def test_single_faults_are_survived(story: Story, tmp_path: Path) -> None:
    told, runs = await rows(story, tmp_path)
    random.Random(1).shuffle(runs)
    for row in runs[:SAMPLE]:
        assert await survive(story, told, row, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(PARTS))
@stories
async def test_every_single_fault_is_survived(story: Story, part: int, tmp_path: Path) -> None:
    told, runs = await rows(story, tmp_path)
    runs = runs[part::PARTS]
    met = [await survive(story, told, row, tmp_path) for row in runs]
    cases = sum(case is not None for row in runs for case in row)
    most_unmet = max(1, cases // 10)
    assert cases - sum(met) <= most_unmet, "a watch may not be opened any more when all is ready; all else is asked for"


def facts(cluster: HollowCluster) -> dict[str, Any]:
    """What a command may change, each by a pattern of the line that says so."""
    return {
        **{
            rf"namespace {DEMO} .*(created|labeled|deleted)|labels (are )?restored": labels_of(obj)
            for obj in cluster.store.list(NAMESPACES)
            if obj["metadata"]["name"] == DEMO and not is_terminating(obj)
        },
        **{
            rf"(Service {name} (created|changed)|deleted .*services/{name}\b)": obj["metadata"]["uid"]
            for name, obj in _named(cluster.store.list(SERVICES, DEMO))
        },
        **{
            rf"(Deployment {name} (created|changed)|\b{name}\b.* restarted|deleted .*deployments/{name}\b)": (
                obj["metadata"]["uid"],
                obj["metadata"]["generation"],
            )
            for name, obj in _named(cluster.store.list(DEPLOYMENTS, DEMO))
        },
    }


def _named(objects: list[Object]) -> list[tuple[str, Object]]:
    return [(obj["metadata"]["name"], obj) for obj in objects if not is_terminating(obj)]


LASTING: dict[str, tuple[Answer | None, str]] = {
    "403": (FORBIDDEN, "cannot do resource"),
    "401": (refuse(401, "Unauthorized"), "rejects the credentials"),
    **{str(code): (refuse(code, "fault of the test"), "fault of the test") for code in (429, 500, 503)},
    "refused": (None, "Connection refused"),
    "reset": (cut(), "the connection to"),
    "reset after": (lose_answer, "the connection to"),
    "silence": (hang, "did not answer in time"),
}
"""Faults that stay, and what an error says of each. Without an answer, connections are refused."""
HASTE = Patience(back_off_s=0, lost_s=0.05, lost_retry_s=0.01, starting_s=0.05)
HASTE_IN_SILENCE = replace(HASTE, answer_s=0.3, silence_s=0.3)
"""Only of a server that is silent: a slow machine answers too late for it, too."""
MAYBE = "it may have been done anyway"
ENDLESS = {"observe", "demo"}
"""They follow logs, and wait for an API server that is away until their own time is up."""
SHORT_S = 0.3
"""How long they may, while there is a fault."""


@dataclass(frozen=True)
class Lasting:
    """A fault of some kind that stays, from some request of each command on."""

    kind: str
    number: int

    def begin(self, cluster: HollowCluster) -> None:
        cluster.faults.at(self.number, LASTING[self.kind][0] or cluster.stop_listening, stays=True)

    async def end(self, cluster: HollowCluster) -> None:
        cluster.faults.end()
        await cluster.listener.listen()


def in_a_hurry(command: str) -> Command:
    """The command, which gives up soon."""
    if command == "observe":
        return lambda api, _: _observe_briefly(api)
    if command == "demo":
        config = DemoConfig(replace(UP, timeout_s=SHORT_S * 10), cleanup_s=SHORT_S)
        return lambda api, report: demo(api, config, report, Audience())
    return COMMANDS[command]


async def _observe_briefly(api: Api) -> None:
    async for _ in observe(api, ObserveConfig(ends=Ends(expect=Outcome.PINNED, timeout_s=SHORT_S))):
        pass


GOES_ON = {
    "up": "`grpcdemo up`",
    "istio on": "`grpcdemo istio (on|off)`",
    "istio off": "`grpcdemo istio (on|off)`",
    "cleanup": "`grpcdemo cleanup`",
    "cleanup --no-wait": "`grpcdemo cleanup`",
    "demo": "`grpcdemo cleanup ",
}
"""The command that goes on after each."""


async def fail_and_converge(story: Story, all_told: list[Told], fault: Lasting, folder: Path) -> None:
    """Run each command with a fault that stays, look whether what it says is true, and run it again without."""
    patience = HASTE_IN_SILENCE if fault.kind == "silence" else HASTE
    async with hollow_cluster(story, folder, patience) as (cluster, api):
        for told in all_told:
            before, events, error = facts(cluster), Events(), None
            fault.begin(cluster)
            try:
                await in_a_hurry(told.command)(api, events.append)
            except GrpcdemoError as caught:
                error = caught
            where = (
                f"{told.command}, {fault.kind} from request {fault.number} on: {error}\n{events.done}\n{events.warned}"
            )
            said = f"{events.done}\n{events.warned}"
            check_that_it_is_true(before, facts(cluster), said, error, where)
            if error and before != facts(cluster) and MAYBE not in error.message:
                assert re.search(GOES_ON.get(told.command, ""), events.warned), where
            if isinstance(error, ApiError) and told.command not in ENDLESS:
                assert LASTING[fault.kind][1] in error.message, where
            await fault.end(cluster)
            await COMMANDS[told.command](api, lambda _: None)
            assert uncounted(await state(cluster)) == uncounted(told.left), where


def check_that_it_is_true(
    before: dict[str, Any], after: dict[str, Any], said: str, error: GrpcdemoError | None, where: str
) -> None:
    """All that has changed is said, and nothing else; after a lost answer the error says that it may have changed."""
    maybe = error is not None and MAYBE in error.message
    for pattern in before.keys() | after.keys():
        has_changed = before.get(pattern) != after.get(pattern)
        assert re.search(pattern, said) or maybe or not has_changed, f"{where}\nnot said: {pattern}"
    for name in re.findall(r"deleted .*?deployments/([a-z-]+)", said):
        assert not [pattern for pattern in after if f"Deployment {name} " in pattern], where
    if f"namespace {DEMO} is gone" in said:
        assert not after, where


def lasting(told: list[Told], kinds: Iterable[str]) -> list[Lasting]:
    """One of *kinds* in turn at each request. Of `demo`, which has so many requests that a few must do, at fewer."""
    every = 12 if told[0].command == "demo" else 1
    most = max(len(one.asked) for one in told)
    return [Lasting(kind, number) for kind, number in zip(cycle(kinds), range(0, most, every), strict=False)]


@pytest.mark.parametrize("name", ["own", "shared"])
async def test_a_fault_that_stays_is_reported_truthfully(name: str, tmp_path: Path) -> None:
    story = STORIES[name]
    told = await tell(story, tmp_path)
    fault = random.Random(2).choice(lasting(told, ("403", "503", "refused")))
    await fail_and_converge(story, told, fault, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kinds", [list(LASTING)[part::3] for part in range(3)], ids=", ".join)
@stories
async def test_every_fault_that_stays_is_reported_truthfully(story: Story, kinds: list[str], tmp_path: Path) -> None:
    """At each request three kinds of fault, and all of them at any three that follow each other."""
    told = await tell(story, tmp_path)
    for fault in lasting(told, kinds):
        await fail_and_converge(story, told, fault, tmp_path)
