"""`demo`: the whole story, and nothing is left however it ends."""

import asyncio
import errno
from contextlib import nullcontext

import pytest

from grpcdemo.errors import DemoRunning, GrpcdemoError, Unauthorized, UnexpectedVerdict, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease, LeaseTiming
from grpcdemo.kube.demo.settings import Settings
from grpcdemo.model.act import Act, Scene
from grpcdemo.model.progress import StepEvent, Warned
from grpcdemo.model.result import Phase
from grpcdemo.resources.resource import DEPLOYMENTS, LEASES, NAMESPACES, PODS
from grpcdemo.steps.cleanup import CleanupConfig, clean_up, cleanup
from grpcdemo.steps.demo import Audience, DemoConfig, demo
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, up
from grpcdemo.verdict import Outcome
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Answer, refuse

from .events import Events

DEMO = "istio-grpc-demo"
CONFIG = DemoConfig(up=UpConfig())


class Listener(Audience):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Scene | None]] = []
        self.phases: list[Phase] = []
        self.hears = asyncio.Event()

    async def begin(self, scene: Scene) -> None:
        self.told.append(("begin", scene))

    def show(self, phase: Phase) -> None:
        self.phases.append(phase)
        self.hears.set()

    def end(self, scene: Scene) -> None:
        self.told.append(("end", scene))

    async def before_cleanup(self) -> None:
        self.told.append(("before cleanup", None))

    def cleaned(self) -> None:
        self.told.append(("cleaned", None))


async def test_pinned_then_balanced_then_gone(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    listener = Listener()
    result = await demo(cluster_api, CONFIG, events.append, listener)
    shown = listener.phases
    assert result.before.observation.verdict.outcome is Outcome.PINNED
    assert result.after.observation.verdict.outcome is Outcome.BALANCED
    assert {pod.ready_text for pod in result.before.observation.servers} == {"1/1"}
    assert {pod.ready_text for pod in result.after.observation.servers} == {"2/2"}
    assert list({phase.title: phase for phase in shown}.values()) == [result.before, result.after]
    assert DEMO not in cluster.names(NAMESPACES)


async def test_it_is_told_in_acts(cluster_api: Api, events: Events) -> None:
    listener = Listener()
    result = await demo(cluster_api, CONFIG, events.append, listener)
    acts = [(word, scene) for word, scene in listener.told if scene]
    assert [(word, scene.act) for word, scene in acts] == [(word, act) for act in Act for word in ("begin", "end")]
    assert [len(scene.pods) for _, scene in acts] == [0, *[4] * 7]
    assert {(scene.servers, scene.clients) for _, scene in acts} == {(3, 1)}
    measured = [scene.observation for _, scene in acts if scene.observation]
    assert measured == [result.before.observation, result.after.observation]
    assert [word for word, scene in listener.told if not scene] == ["before cleanup", "cleaned"]


async def test_an_act_that_fails_has_no_end(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.node.balances = True
    listener = Listener()
    with pytest.raises(UnexpectedVerdict):
        await demo(cluster_api, CONFIG, events.append, listener)
    words = [(word, scene and scene.act) for word, scene in listener.told]
    assert words == [("begin", Act.DEPLOY), ("end", Act.DEPLOY), ("begin", Act.OFF), ("cleaned", None)]


async def test_each_measurement_is_watched(cluster_api: Api, events: Events) -> None:
    config = DemoConfig(up=UpConfig(), act_s=0.3)
    result = await demo(cluster_api, config, events.append, Audience())
    assert all(phase.observation.timeline.seconds >= 0.3 for phase in (result.before, result.after))


@pytest.mark.parametrize(
    ("up", "words"),
    [
        (
            UpConfig(wanted=Settings(rate=0.5)),
            ("it takes 6m20s to tell balanced from uneven", "--timeout is 3m", "use --rate 3,"),
        ),
        (UpConfig(wanted=Settings(rate=1, servers=100)), ("it takes 1h20m to tell",)),
        (UpConfig(wanted=Settings(rate=0.5, clients=2), timeout_s=100), ("it takes 3m10s to tell", "use --rate 2,")),
        (UpConfig(wanted=Settings(rate=0.5, clients=3)), ()),
        (UpConfig(wanted=Settings(rate=1.1)), ()),
    ],
)
def test_too_few_calls_for_a_verdict_are_found_before_anything(up: UpConfig, words: tuple[str, ...]) -> None:
    if not words:
        DemoConfig(up)
        return
    with pytest.raises(UsageError) as raised:
        DemoConfig(up)
    for word in words:
        assert word in f"{raised.value} {raised.value.hint}"


async def test_keep_leaves_the_demo(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    await demo(cluster_api, DemoConfig(up=UpConfig(), keep=True), events.append, Audience())
    assert len(cluster.names(PODS, DEMO)) == 4


async def test_an_unexpected_verdict_is_cleaned_up(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.node.balances = True
    with pytest.raises(UnexpectedVerdict, match="expected pinned, saw balanced"):
        await demo(cluster_api, CONFIG, events.append, Audience())
    assert DEMO not in cluster.names(NAMESPACES)


async def test_ctrl_c_is_cleaned_up_after(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    listener = Listener()
    running = asyncio.create_task(demo(cluster_api, CONFIG, events.append, listener))
    await listener.hears.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert DEMO not in cluster.names(NAMESPACES)
    assert "is gone" in events.done


async def test_ctrl_c_while_a_failure_is_cleaned_up_hides_no_failure(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.node.balances = True
    cluster.faults.before("DELETE", NAMESPACES.path(name=DEMO), lambda: running.cancel())
    running = asyncio.create_task(demo(cluster_api, CONFIG, events.append, Audience()))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "the demo failed: expected pinned, saw balanced" in events.warned


async def test_a_terminal_that_is_closed_may_signal_it_later(cluster: HollowCluster, cluster_api: Api) -> None:
    def report(event: StepEvent) -> None:
        if event.text == "grpc-client 1/1 ready":
            raise OSError(errno.EIO, "terminal closed")

    cluster.faults.before("DELETE", NAMESPACES.path(name=DEMO), lambda: running.cancel())
    running = asyncio.create_task(demo(cluster_api, CONFIG, report, Audience()))
    with pytest.raises(OSError, match="terminal closed"):
        await running
    assert DEMO not in cluster.names(NAMESPACES)


async def test_a_failed_cleanup_is_reported(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.node.balances = True

    def keep() -> None:
        cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=["example.com/keep"])

    cluster.faults.before("POST", DEPLOYMENTS.path(DEMO), keep)
    with pytest.raises(UnexpectedVerdict, match="saw balanced"):
        await demo(cluster_api, DemoConfig(up=UpConfig(), cleanup_s=0), events.append, Audience())
    for text in ("cleaning up failed", "example.com/keep", "grpcdemo cleanup"):
        assert text in events.warned


@pytest.mark.parametrize("balances", [False, True], ids=["done", "failed"])
async def test_a_cleanup_that_nobody_reads_of_is_done(cluster: HollowCluster, cluster_api: Api, balances: bool) -> None:
    """As when the terminal is closed, or the pipe broken, at its first word."""
    cluster.node.balances = balances

    def report(event: StepEvent) -> None:
        if event.text.startswith("deleted "):
            raise BrokenPipeError

    with pytest.raises(UnexpectedVerdict) if balances else nullcontext():
        await demo(cluster_api, CONFIG, report, Audience())
    assert DEMO not in cluster.names(NAMESPACES)


@pytest.mark.parametrize(
    ("answers", "warnings"),
    [([refuse(401)], []), ([refuse(401), refuse(403, 'User "jane" cannot get resource')], [Warned])],
    ids=["same", "other"],
)
async def test_only_another_failure_of_the_cleanup_is_reported(
    cluster: HollowCluster, cluster_api: Api, events: Events, answers: list[Answer], warnings: list[type]
) -> None:
    cluster.faults.on("GET", NAMESPACES.path(name=DEMO), None, *answers)  # the first look is before any change
    with pytest.raises(Unauthorized):
        await demo(cluster_api, CONFIG, events.append, Audience())
    assert [type(event) for event in events] == warnings


async def test_a_demo_that_runs_already_is_left_alone(cluster: HollowCluster, demo_api: Api, events: Events) -> None:
    async with Lease(demo_api, DEMO, LeaseTiming(renew_s=0.05)) as lease:
        await lease.acquire(events.append)
        await cluster.settle()
        before, labels = cluster.names(PODS, DEMO), cluster.labels(DEMO)
        for work in (
            demo(demo_api, CONFIG, events.append, Audience()),
            up(demo_api, UpConfig(wanted=Settings(servers=5)), events.append),
            switch(demo_api, SwitchConfig(on=True), events.append),
            cleanup(demo_api, CleanupConfig(), events.append),
        ):
            with pytest.raises(DemoRunning, match="is running a demo in namespace"):
                await work
        assert (cluster.names(PODS, DEMO), cluster.labels(DEMO)) == (before, labels)
    await cleanup(demo_api, CleanupConfig(), events.append)
    assert DEMO not in cluster.names(NAMESPACES)


async def test_pods_that_lost_their_proxies_do_not_vote(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    """Their calls would be pinned, and that would be a false finding about Istio."""

    def report(event: StepEvent) -> None:
        events.append(event)
        if "checked every pod" in event.text:
            for pod in cluster.store.list(PODS, DEMO):
                cluster.store.update(PODS, {**pod, "spec": {**pod["spec"], "initContainers": []}})

    with pytest.raises(GrpcdemoError, match="no longer has a proxy: somebody has turned Istio off") as caught:
        await demo(cluster_api, CONFIG, report, Audience())
    assert not isinstance(caught.value, UnexpectedVerdict)
    assert DEMO not in cluster.names(NAMESPACES)


async def test_a_proxy_that_somebody_adds_does_not_vote(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    def report(event: StepEvent) -> None:
        events.append(event)
        if event.text == "grpc-client 1/1 ready":
            for pod in cluster.store.list(PODS, DEMO):
                containers = [*pod["spec"]["containers"], {"name": "istio-proxy", "image": "x"}]
                cluster.store.update(PODS, {**pod, "spec": {**pod["spec"], "containers": containers}})

    with pytest.raises(GrpcdemoError, match="has a proxy"):
        await demo(cluster_api, CONFIG, report, Audience())


@pytest.mark.parametrize("act", [Act.DEPLOY, Act.SWITCH, Act.ON])
async def test_a_demo_that_somebody_deletes_says_so(
    cluster: HollowCluster, cluster_api: Api, events: Events, act: Act
) -> None:
    class Deleting(Audience):
        def end(self, scene: Scene) -> None:
            if scene.act is act:
                cluster.delete_namespace(DEMO)

    with pytest.raises(GrpcdemoError, match="somebody has deleted the demo"):
        await demo(cluster_api, CONFIG, events.append, Deleting())


async def test_the_lease_is_released_in_a_namespace_that_stays(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.create_namespace(DEMO)
    await demo(cluster_api, CONFIG, events.append, Audience())
    assert cluster.names(LEASES, DEMO) == []
    await demo(cluster_api, DemoConfig(up=UpConfig(), keep=True), events.append, Audience())
    assert cluster.names(LEASES, DEMO) == []


async def test_cleanup_removes_the_lease_of_a_demo_that_was_killed(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    dead = LeaseTiming(renew_s=3600, look_s=0.001, looks=3)
    cluster.create_namespace(DEMO)
    await up(cluster_api, UpConfig(), events.append)
    await Lease(cluster_api, DEMO, dead).acquire(events.append)
    await clean_up(cluster_api, CleanupConfig(), events.append, Lease(cluster_api, DEMO, dead))
    assert cluster.names(LEASES, DEMO) == []
    assert cluster.names(PODS, DEMO) == []
