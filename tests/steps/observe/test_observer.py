"""`observe`: each call counted once, in its window, and the end that was asked for."""

import asyncio
import math
import time

import pytest

from grpcdemo.errors import Forbidden, NotFound, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import SECOND_NS
from grpcdemo.model.observation import Tally
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.verdict import Outcome
from tests.fakes.script import refuse

from .scene import NAMESPACE, Scene, log_path, watching

EVENLY = ("a", "b", "c") * 70


@pytest.mark.parametrize(("servers", "outcome"), [(("b",) * 40, Outcome.PINNED), (EVENLY, Outcome.BALANCED)])
async def test_any_certain_verdict_ends_it(scene: Scene, servers: tuple[str, ...], outcome: Outcome) -> None:
    async with scene.watching(ObserveConfig(ends=Ends(expect=Outcome.PINNED))) as watch:
        scene.calls("x", 1, *servers)
        observation = await watch.to_the_end()
    assert observation.verdict.outcome is outcome
    assert observation.tally.by_client.keys() == {"x"}
    assert [pod.name for pod in observation.servers] == ["a", "b", "c"]


async def test_so_many_responses_end_it(scene: Scene) -> None:
    async with scene.watching(ObserveConfig(ends=Ends(requests=50))) as watch:
        scene.calls("x", 1, *[None] * 10, *EVENLY)
        tally = (await watch.to_the_end()).tally
    assert tally.responses == sum(tally.by_server().values()) == 50
    assert tally.errors == {"UNAVAILABLE": 10}, "a failed call is no response"


@pytest.mark.parametrize("ends", [Ends(seconds=0), Ends(expect=Outcome.BALANCED, timeout_s=0)])
async def test_the_time_ends_it(scene: Scene, ends: Ends) -> None:
    async with watching(scene.api, ObserveConfig(ends=ends)) as watch:
        observation = await watch.to_the_end()
    assert (observation.tally, observation.verdict.outcome) == (Tally(), Outcome.INCONCLUSIVE)


@pytest.mark.parametrize("ends", [Ends(seconds=0.2), Ends(expect=Outcome.BALANCED, timeout_s=0.2)])
async def test_it_does_not_end_before_its_time(scene: Scene, ends: Ends) -> None:
    began = time.monotonic()
    async with watching(scene.api, ObserveConfig(ends=ends)) as watch:
        await watch.to_the_end()
    assert time.monotonic() - began >= 0.2


async def test_earlier_calls_are_not_counted_but_a_gap_is(scene: Scene) -> None:
    scene.calls("x", 40, "a")
    async with scene.watching() as watch:
        scene.calls("x", 44, "b", "b")
        tally = (await watch.responses(2)).tally
    assert (tally.by_server(), tally.missed) == ({"b": 2}, 3)
    assert scene.logs["x"].asked[0].query["tailLines"] == "1"


async def test_a_restarted_client_begins_a_window(scene: Scene) -> None:
    async with scene.watching() as watch:
        scene.calls("x", 1, *["a"] * 400)
        assert (await watch.responses(400)).windows == 1
        scene.calls("x", 1, *EVENLY)
        observation = await watch.responses(len(EVENLY))
    assert observation.verdict.outcome is Outcome.BALANCED, "the order is that of its window"
    assert sum(latency.count for latency in observation.latencies) == len(EVENLY)
    slices = observation.timeline.slices
    assert [sum(part.by_server.get(name, 0) for part in slices) for name in "ab"] == [470, 70]
    assert sum(part.windows for part in slices) == observation.windows == 2
    assert sum(part.repeated for part in slices) == 399


async def test_a_client_that_stays_on_each_pod_for_a_while_is_skewed(scene: Scene) -> None:
    async with scene.watching() as watch:
        scene.calls("x", 1, *["a"] * 100, *["b"] * 100, *["c"] * 100)
        observation = await watch.responses(300)
    assert observation.tally.by_server() == {"a": 100, "b": 100, "c": 100}
    assert observation.verdict.outcome is Outcome.SKEWED
    assert "297 of 299 responses came from the same pod as the one before" in observation.verdict.reason


@pytest.mark.parametrize(("change", "servers"), [("add", ["a", "b", "c", "d"]), ("delete", ["a", "b"])])
async def test_another_set_of_servers_begins_a_window(scene: Scene, change: str, servers: list[str]) -> None:
    async with scene.watching() as watch:
        scene.calls("x", 1, *["c"] * 40)
        await watch.responses(40)
        if change == "add":
            await scene.add("grpc-server", "d")
        else:
            scene.delete("c")
        assert (await watch.windows(2)).tally.responses == 0
        scene.calls("x", 41, *["a"] * 5)
        observation = await watch.responses(5)
    assert [pod.name for pod in observation.servers] == servers
    assert observation.tally.missed == 0


async def test_a_server_that_is_no_longer_ready_is_not_missed(scene: Scene) -> None:
    async with scene.watching() as watch:
        await watch.windows(1)
        scene.cluster.node.set_ready(scene.pod("c"), False)
        await watch.windows(2)
        scene.calls("x", 1, *["a", "b"] * 80)
        observation = await watch.responses(160)
    assert observation.verdict.outcome is Outcome.BALANCED


async def test_a_change_that_leaves_the_set_is_no_window(scene: Scene) -> None:
    async with scene.watching() as watch:
        scene.calls("x", 1, "a")
        await watch.responses(1)
        scene.cluster.set_metadata(PODS, NAMESPACE, "a", annotations={"changed": "yes"})
        scene.calls("x", 2, "a")
        assert (await watch.responses(2)).windows == 1


async def test_a_terminating_server_may_answer_but_does_not_vote(scene: Scene) -> None:
    async with scene.watching() as watch:
        await watch.windows(1)
        scene.delete("c", stops=False)
        await watch.windows(2)
        scene.calls("x", 1, *["c"] * 3, *["a"] * 40)
        observation = await watch.responses(43)
    assert observation.departed == {"c": "ip-of-c"}
    assert observation.tally.by_server() == {"c": 3, "a": 40}
    assert observation.verdict.outcome is Outcome.PINNED


@pytest.mark.parametrize(("change_s", "outcome"), [(3600.0, Outcome.INCONCLUSIVE), (0.0, Outcome.SKEWED)])
async def test_nothing_is_skewed_while_servers_come_and_go_unless_for_long(
    scene: Scene, change_s: float, outcome: Outcome
) -> None:
    await scene.add("grpc-server", "d")
    async with scene.watching(ObserveConfig(change_s=change_s)) as watch:
        await watch.windows(1)
        scene.delete("d", stops=False)
        await watch.windows(2)
        scene.calls("x", 1, *["a", "b"] * 80)
        observation = await watch.responses(160)
    assert observation.verdict.outcome is outcome
    assert ("changing (1 terminating)" in observation.verdict.reason) is (change_s > 0)


async def test_a_terminating_client_does_not_vote(scene: Scene) -> None:
    await scene.add("grpc-client", "y")
    async with scene.watching() as watch:
        scene.calls("x", 1, *EVENLY)
        scene.calls("y", 1, *["a"] * 40)
        assert (await watch.responses(250)).verdict.outcome is Outcome.SKEWED
        scene.delete("y", stops=False)
        await watch.windows(2)
        scene.calls("y", 41, *["a"] * 40)
        scene.calls("x", 211, *EVENLY)
        observation = await watch.until(lambda observation: observation.tally.responses >= 210)
    assert observation.tally.by_client.keys() == {"x"}
    assert (observation.tally.responses, observation.verdict.outcome) == (210, Outcome.BALANCED)
    assert [pod.name for pod in observation.clients] == ["x"]


@pytest.mark.parametrize("read", [False, True])
async def test_a_client_whose_log_is_gone_is_no_error(scene: Scene, read: bool) -> None:
    """As in a rollout: the watch of the pods reports the deletion a moment later."""
    await scene.add("grpc-client", "y")
    if not read:
        scene.logs["y"].remove()
    async with scene.watching() as watch:
        scene.calls("y", 1, "a")
        await watch.until(lambda observation: observation.tally.responses == read and bool(scene.logs["y"].asked))
        scene.logs["y"].remove()
        scene.calls("x", 1, *["a"] * 5)
        await watch.responses(5 + read)


async def test_a_new_client_is_read_from_its_first_line(scene: Scene) -> None:
    async with scene.watching() as watch:
        await watch.windows(1)
        await scene.add("grpc-client", "y")
        scene.calls("y", 1, "a", "b")
        observation = await watch.responses(2)
    assert (observation.tally.missed, len(observation.clients)) == (0, 2)
    assert "tailLines" not in scene.logs["y"].asked[0].query


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        (ObserveConfig(), "there is no demo", "grpcdemo up"),
        (ObserveConfig(selector="app=mine"), "no pod with app=mine", "--show-labels"),
    ],
)
async def test_there_must_be_a_client(cluster_api: Api, config: ObserveConfig, message: str, hint: str) -> None:
    with pytest.raises(NotFound, match=message) as caught:
        async with watching(cluster_api, config) as watch:
            await watch.to_the_end()
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("verb", "method", "path"), [("get", "GET", log_path("x")), ("watch", "WATCH", PODS.path(NAMESPACE))]
)
async def test_a_missing_permission_ends_it(scene: Scene, verb: str, method: str, path: str) -> None:
    message = f'User "jane" cannot {verb} resource "pods" in API group ""'
    scene.cluster.faults.on(method, path, refuse(403, message))
    with pytest.raises(Forbidden, match=f"cannot {verb}"):
        async with watching(scene.api) as watch:
            await watch.to_the_end()


async def test_a_deleted_demo_ends_it(scene: Scene) -> None:
    async with scene.watching(ObserveConfig(ends=Ends(expect=Outcome.BALANCED, timeout_s=3600))) as watch:
        scene.delete("x")
        await watch.until(lambda observation: not observation.clients)
        await scene.add("grpc-client", "y")
        await watch.until(lambda observation: bool(observation.clients))
        for name in "yabc":
            scene.delete(name)
        assert (await watch.to_the_end()).is_over


@pytest.mark.parametrize("ahead_s", [0, 300, -300])
async def test_the_past_is_judged_by_its_own_times(scene: Scene, ahead_s: int) -> None:
    """The API counts in whole seconds, and also sends the rest of the first of them. Its clock may be another."""
    scene.cluster.faults.clock_ahead_s = ahead_s
    now_ns = time.time_ns() + ahead_s * SECOND_NS
    for seq, age_s in ((38, 63), (39, 62), *((seq, 80 - seq) for seq in range(40, 80))):
        scene.calls("x", seq, "b", at_ns=now_ns - round(age_s * SECOND_NS))
    clock = asyncio.get_running_loop().time
    began = clock()
    async with watching(scene.api, ObserveConfig(since_s=60, ends=Ends(expect=Outcome.PINNED))) as watch:
        observation = await watch.to_the_end()
    assert (observation.tally.responses, observation.tally.missed) == (40, 0)
    assert observation.verdict.outcome is Outcome.PINNED
    assert 39 < observation.tally.seconds < 60, "forty seconds of log, however fast it is read"
    assert 39 < observation.timeline.seconds < 61, "from the first counted call"
    assert 60 <= int(scene.logs["x"].asked[0].query["sinceSeconds"]) <= math.ceil(60 + clock() - began)


async def test_a_client_of_ones_own_has_its_label_and_container(scene: Scene) -> None:
    del scene.logs["x"]
    await scene.add("my-client", "mine")
    async with scene.watching(ObserveConfig(selector="app=my-client", container="my-client")) as watch:
        scene.calls("mine", 1, "a")
        observation = await watch.responses(1)
    assert [client.name for client in observation.clients] == ["mine"]
    assert observation.tally.by_client == {"mine": {"a": 1}}
    assert scene.logs["mine"].asked[0].query["container"] == "my-client"
    with pytest.raises(UsageError, match="no container grpc-client") as caught:
        async with watching(scene.api, ObserveConfig(selector="app=my-client")) as watch:
            await watch.to_the_end()
    assert str(caught.value.hint).endswith("my-client")
