"""Time in which calls could not be read: it is said, votes for nothing, and is left out of rates."""

from dataclasses import replace

import pytest

from grpcdemo.kube.streams.logs import FollowTiming
from grpcdemo.model.observation import BlindTime, Observation, clipped, total_s
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.steps.observe.blindness import Blindness, Outage
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.verdict import Outcome
from tests.fakes.script import Answer, cut, hang, refuse, reply

from .scene import NAMESPACE, Scene, log_path

REFUSED = (
    'Get "https://10.0.0.2:10250/containerLogs/istio-grpc-demo/x/grpc-client?follow=true": '
    "dial tcp 10.0.0.2:10250: connect: connection refused"
)
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
SOON = ObserveConfig(blind_s=0.2, follow=FollowTiming(silence_s=0.04, reopen_s=0.0, most_reopen_s=0.01))
IMPATIENT = replace(SOON, follow=replace(SOON.follow, answer_s=2.0))
"""Long enough for the first stream: lines before it are not read."""


def is_blind(observation: Observation) -> bool:
    return observation.is_blind


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refuse(500, REFUSED), "dial tcp 10.0.0.2:10250: connect: connection refused"),
        (reply(b"404 page not found\n", 404), "404 page not found"),
        (reply(PAGE, 502, Content_Type="text/html"), "502 Bad Gateway"),
        (cut(), "the connection to http://127.0.0.1:"),
        (hang, "did not answer in time"),
        (reply(b"unable to retrieve container logs for containerd://1f2e\n"), "unable to retrieve container logs"),
    ],
    ids=["500", "404", "502", "cut", "hang", "kubelet"],
)
async def test_a_log_that_cannot_be_read_gives_no_verdict(scene: Scene, answer: Answer, words: str) -> None:
    async with scene.watching(IMPATIENT if answer is hang else SOON) as watch:
        scene.calls("x", 1, *["a"] * 60)
        await watch.until(lambda one: one.verdict.outcome is Outcome.PINNED)
        scene.cluster.faults.on("GET", log_path("x"), answer)
        scene.logs["x"].cut()
        observation = await watch.until(lambda one: one.is_blind and words in one.verdict.reason)
    (blind,) = observation.blind
    assert (blind.client, blind.cause, blind.is_over) == ("x", "unreadable", False)
    assert "<" not in blind.message
    assert "containerLogs" not in blind.message
    assert observation.verdict.outcome is Outcome.INCONCLUSIVE
    assert observation.verdict.reason == f"blind to x: {blind.message}"
    assert observation.tally.blind_seconds == pytest.approx(blind.end - blind.begin)


async def test_a_log_that_could_never_be_read_is_told_at_once(scene: Scene) -> None:
    scene.cluster.faults.on("GET", log_path("x"), refuse(500, REFUSED))
    scene.logs.clear()
    async with scene.watching() as watch:
        observation = await watch.until(is_blind)
    assert observation.timeline.seconds < ObserveConfig.blind_s
    assert observation.verdict.reason.endswith("dial tcp 10.0.0.2:10250: connect: connection refused")


async def test_a_log_that_can_be_read_again_fills_the_time_in(scene: Scene) -> None:
    async with scene.watching(SOON) as watch:
        scene.calls("x", 1, *["a"] * 40)
        await watch.responses(40)
        scene.cluster.faults.on("GET", log_path("x"), refuse(503, "away"))
        scene.logs["x"].cut()
        await watch.until(is_blind)
        scene.calls("x", 41, *["a"] * 40)
        scene.cluster.faults.on("GET", log_path("x"), scene.logs["x"])
        observation = await watch.until(lambda one: one.tally.responses == 80 and not one.is_blind)
    assert (observation.blind, observation.tally.blind_seconds, observation.tally.missed) == ((), 0.0, 0)
    assert observation.verdict.outcome is Outcome.PINNED


async def test_what_is_lost_for_good_stays_blind(scene: Scene) -> None:
    async with scene.watching(SOON) as watch:
        scene.calls("x", 1, *["a"] * 40)
        await watch.responses(40)
        scene.cluster.faults.on("GET", log_path("x"), refuse(503, "away"))
        scene.logs["x"].cut()
        await watch.until(is_blind)
        scene.calls("x", 41, *["a"] * 40)
        scene.logs["x"].rotate()
        scene.calls("x", 81, *["a"] * 40)
        scene.cluster.faults.on("GET", log_path("x"), scene.logs["x"])
        observation = await watch.until(lambda one: one.tally.responses == 80 and not one.is_blind)
    (blind,) = observation.blind
    assert blind.is_over
    assert "away" in blind.message
    assert observation.tally.missed == 40
    assert observation.verdict.outcome is Outcome.PINNED, "of what was seen"


@pytest.mark.parametrize("lines", [(), (b"hello", b"world")], ids=["silent", "other"])
async def test_a_log_that_tells_of_no_call_gives_no_verdict(scene: Scene, lines: tuple[bytes, ...]) -> None:
    scene.logs["x"].write(*lines)
    async with scene.watching(SOON) as watch:
        reason = "blind to x: its log contains no calls"
        observation = await watch.until(lambda one: one.verdict.reason == reason)
        assert [blind.cause for blind in observation.blind] == ["no calls"]
        scene.calls("x", 1, *["a"] * 40)
        await watch.until(lambda one: one.verdict.outcome is Outcome.PINNED and not one.blind)


async def test_a_client_that_has_nothing_to_log_is_not_blind(scene: Scene) -> None:
    """A follower that looks again and finds nothing new knows all there is."""
    async with scene.watching(SOON) as watch:
        scene.calls("x", 1, *["a"] * 40)
        await watch.responses(40)
        before = len(scene.logs["x"].asked)
        await watch.until(lambda one: len(scene.logs["x"].asked) > before + 20 and not one.is_blind)


async def test_a_container_that_has_not_started_is_not_blind(scene: Scene) -> None:
    waiting = refuse(400, 'container "grpc-client" in pod "x" is waiting to start: ContainerCreating')
    scene.cluster.faults.on("GET", log_path("x"), waiting)
    scene.cluster.node.set_ready(scene.pod("x"), False)
    scene.logs.clear()
    async with scene.watching(SOON) as watch:
        asked = scene.cluster.faults
        await watch.until(lambda one: len(asked.asked_for("GET", log_path("x"))) > 20 and not one.is_blind)


async def test_a_client_that_is_heard_does_not_hide_one_that_is_not(scene: Scene) -> None:
    """One is blind at once, the other would only be after seconds: not even a slow machine makes both blind."""
    await scene.add("grpc-client", "y")
    scene.cluster.faults.on("GET", log_path("y"), refuse(500, REFUSED))
    del scene.logs["y"]
    async with scene.watching() as watch:
        scene.calls("x", 1, *["a"] * 60)
        observation = await watch.until(lambda one: one.is_blind and one.tally.responses == 60)
    assert observation.verdict.reason.startswith("blind to y: ")
    tally = observation.tally
    assert tally.unread_by_client["y"] == pytest.approx(tally.blind_seconds)
    assert tally.responses_per_second == pytest.approx(60 / (tally.seconds - tally.unread_by_client.get("x", 0.0)))


async def test_pods_that_cannot_be_watched_give_no_verdict(scene: Scene) -> None:
    scene.cluster.faults.on("WATCH", PODS.path(NAMESPACE), refuse(503, "etcd has no leader"))
    async with scene.watching(SOON) as watch:
        scene.calls("x", 1, *["a"] * 60)
        pods_only = "blind to the pods: "
        observation = await watch.until(
            lambda one: one.tally.responses == 60 and one.verdict.reason.startswith(pods_only)
        )
        assert "etcd has no leader" in observation.verdict.reason
        assert [(blind.client, blind.cause) for blind in observation.blind] == [("", "unwatched")]
        assert observation.tally.blind_seconds == 0.0, "calls are read all the same"
        scene.cluster.faults.on("WATCH", PODS.path(NAMESPACE), None)
        assert (await watch.until(lambda one: not one.is_blind)).verdict.outcome is Outcome.PINNED


async def test_a_blind_observation_ends_at_its_own_end(scene: Scene) -> None:
    scene.cluster.faults.on("GET", log_path("x"), refuse(500, REFUSED))
    scene.cluster.faults.on("WATCH", PODS.path(NAMESPACE), refuse(503, "away"))
    scene.logs.clear()
    async with scene.watching(replace(SOON, ends=Ends(expect=Outcome.PINNED, timeout_s=0.6))) as watch:
        observation = await watch.to_the_end()
    assert observation.is_blind
    assert observation.tally.seconds > 0, "the time that was blind is a part of it"


def test_an_outage_counts_once_it_has_lasted() -> None:
    blindness = Blindness(4.0)
    outage = {"x": Outage(10.0, "unreadable", "away")}
    blindness.look(outage, 13.9)
    assert blindness.times() == []
    assert [one.end - one.begin for one in blindness.unread()] == [pytest.approx(3.9)], "left out of rates all the same"
    blindness.look(outage, 14.0)
    assert blindness.times() == [BlindTime("x", 10.0, 14.0, "unreadable", "away")]
    blindness.miss("x", 10.0, 15.0)
    blindness.look({}, 15.0)
    assert blindness.times() == [BlindTime("x", 10.0, 15.0, "unreadable", "away", is_over=True)]
    blindness.miss("x", 15.0, 18.0)
    assert len(blindness.times()) == 1, "a few lost lines are no blindness"
    blindness.look({"x": Outage(18.0, "unreadable", "away", at_once=True)}, 18.1)
    assert blindness.times()[1:] == [BlindTime("x", 18.0, 18.1, "unreadable", "away")]


def test_times_that_overlap_count_once() -> None:
    times = [
        BlindTime(name, begin, end, "unreadable", "") for name, begin, end in (("x", 0, 5), ("y", 3, 8), ("x", 9, 10))
    ]
    assert total_s(times) == 9
    assert total_s(clipped(times, 4, 9.5)) == 4.5
    assert total_s([]) == 0
