"""`observe`: each call counted once, in its window; and an end that is what was asked for."""

from __future__ import annotations

import asyncio
import math
import time

import pytest
from aiohttp import web

from grpcdemo.errors import Forbidden, NotEnoughResponses, NotFound, UnexpectedVerdict, UsageError
from grpcdemo.kube.api import Api
from grpcdemo.model import Observation, Tally
from grpcdemo.resources.pods import read_pod
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.workload.call_log import Call, format_call
from tests.fakes.log import FakeLog
from tests.fakes.script import Feed, Script, refuse, reply
from tests.resources.samples import pod

from .scene import PODS, Scene, watching

EVENLY = ("a", "b", "c") * 70


async def test_an_expected_verdict_ends_it(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *["b"] * 40)
    async with watching(api, ObserveConfig(expect=Outcome.PINNED)) as watch:
        seen = await watch.to_the_end()
    assert seen.verdict.outcome is Outcome.PINNED
    assert seen.tally.by_client.keys() == {"x"}
    assert [pod.name for pod in seen.servers] == ["a", "b", "c"]
    check_expected(Outcome.PINNED, seen)


async def test_any_certain_verdict_ends_it(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *EVENLY)
    async with watching(api, ObserveConfig(expect=Outcome.PINNED)) as watch:
        seen = await watch.to_the_end()
    assert seen.verdict.outcome is Outcome.BALANCED
    with pytest.raises(UnexpectedVerdict, match="expected pinned, saw balanced"):
        check_expected(Outcome.PINNED, seen)


async def test_as_many_responses_as_were_asked_for(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *EVENLY)
    async with watching(api, ObserveConfig(requests=50)) as watch:
        seen = await watch.to_the_end()
    assert seen.tally.responses == sum(seen.tally.by_server().values()) == 50


async def test_failed_calls_are_no_responses(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *[None] * 10, code="UNAVAILABLE")
    scene.calls("x", 11, *"abcab")
    async with watching(api, ObserveConfig(requests=5)) as watch:
        seen = await watch.to_the_end()
    assert (seen.tally.responses, seen.tally.errors) == (5, {"UNAVAILABLE": 10})


async def test_it_may_end_at_once(script: Script, api: Api) -> None:
    Scene(script)
    async with watching(api, ObserveConfig(seconds=0)) as watch:
        seen = await watch.to_the_end()
    assert (seen.tally, seen.verdict.outcome) == (Tally(), Outcome.INCONCLUSIVE)


async def test_what_was_logged_before_is_not_counted_but_a_gap_is_seen(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 40, "a")  # the last line there is
    scene.calls("x", 44, "b", "b")
    async with watching(api) as watch:
        seen = await watch.until(lambda seen: seen.tally.responses == 2)
    assert seen.tally.by_server() == {"b": 2}
    assert seen.tally.missed == 3
    assert script.asked_for("GET", f"{PODS}/x/log")[0].query["tailLines"] == "1"


async def test_a_client_that_began_anew_is_a_new_window(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *["a"] * 40)
    async with watching(api) as watch:
        assert (await watch.until(lambda seen: seen.tally.responses == 40)).windows == 1
        scene.calls("x", 1, *["b"] * 35)
        seen = await watch.until(lambda seen: seen.tally.responses == 35)
    assert (seen.windows, seen.tally.by_server()) == (2, {"b": 35})
    assert seen.verdict.outcome is Outcome.PINNED


async def test_a_client_that_stays_on_each_pod_as_long_is_not_balanced(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *["a"] * 100, *["b"] * 100, *["c"] * 100)
    async with watching(api) as watch:
        seen = await watch.until(lambda seen: seen.tally.responses == 300)
    assert seen.tally.by_server() == {"a": 100, "b": 100, "c": 100}
    assert seen.verdict.outcome is Outcome.SKEWED
    assert "297 of 299 responses came from the same pod as the one before" in seen.verdict.reason


async def test_an_order_is_of_its_window(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *["a"] * 400)
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.tally.responses == 400)
        scene.calls("x", 1, *EVENLY)
        seen = await watch.until(lambda seen: seen.tally.responses == len(EVENLY))
    assert seen.verdict.outcome is Outcome.BALANCED


async def test_the_timeline_goes_on_across_windows_and_the_latencies_begin_anew(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *["a"] * 40)
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.tally.responses == 40)
        scene.calls("x", 1, *["b"] * 35)
        seen = await watch.until(lambda seen: seen.tally.responses == 35)
    slices = seen.timeline.slices
    assert [sum(found.by_server.get(name, 0) for found in slices) for name in "ab"] == [40, 35]
    assert sum(found.windows for found in slices) == seen.windows == 2
    assert sum(found.repeated for found in slices) == 39 + 34
    assert sum(found.count for found in seen.latencies) == 35


@pytest.mark.parametrize("event", ["ADDED", "DELETED"])
async def test_another_set_of_servers_is_a_new_window(script: Script, api: Api, event: str) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *["c"] * 40)
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.tally.responses == 40)
        scene.server(event, "d" if event == "ADDED" else "c")
        seen = await watch.until(lambda seen: seen.windows == 2)
        assert seen.tally.responses == 0
        scene.calls("x", 41, *["a"] * 5)
        seen = await watch.until(lambda seen: seen.tally.responses == 5)
    assert [pod.name for pod in seen.servers] == (["a", "b", "c", "d"] if event == "ADDED" else ["a", "b"])
    assert seen.tally.missed == 0


async def test_a_server_that_is_not_ready_is_another_set(script: Script, api: Api) -> None:
    scene = Scene(script)
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.windows == 1)
        scene.server("MODIFIED", "c", status={"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]})
        seen = await watch.until(lambda seen: seen.windows == 2)
        scene.calls("x", 1, *["a", "b"] * 80)
        seen = await watch.until(lambda seen: seen.tally.responses == 160)
    assert seen.verdict.outcome is Outcome.BALANCED, "c cannot answer, so it is not missed"


async def test_what_does_not_change_the_set_is_no_new_window(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, "a")
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.tally.responses == 1)
        scene.server("MODIFIED", "a")
        scene.calls("x", 2, "a")
        assert (await watch.until(lambda seen: seen.tally.responses == 2)).windows == 1


async def test_a_server_that_goes_may_answer_but_does_not_vote(script: Script, api: Api) -> None:
    scene = Scene(script)
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.windows == 1)
        scene.deleting("grpc-server", "c")
        await watch.until(lambda seen: seen.windows == 2)
        scene.calls("x", 1, *["c"] * 3, *["a"] * 40)
        seen = await watch.until(lambda seen: seen.tally.responses == 43)
    assert seen.departed == {"c": "ip-of-c"}
    assert seen.tally.by_server() == {"c": 3, "a": 40}
    assert seen.verdict.outcome is Outcome.PINNED


async def test_a_client_that_goes_does_not_vote(script: Script, api: Api) -> None:
    scene = Scene(script, "x", "y")
    scene.calls("x", 1, *EVENLY)
    scene.calls("y", 1, *["a"] * 40)
    async with watching(api) as watch:
        seen = await watch.until(lambda seen: seen.tally.responses == 250)
        assert seen.verdict.outcome is Outcome.SKEWED
        scene.deleting("grpc-client", "y")
        await watch.until(lambda seen: seen.windows == 2)
        scene.calls("y", 41, *["a"] * 40)
        scene.calls("x", 211, *EVENLY)
        seen = await watch.until(lambda seen: seen.tally.responses >= 210)
    assert seen.tally.by_client.keys() == {"x"}
    assert (seen.tally.responses, seen.verdict.outcome) == (210, Outcome.BALANCED)
    assert [pod.name for pod in seen.clients] == ["x"]


async def test_a_client_whose_pod_is_gone_ends_quietly(script: Script, api: Api) -> None:
    scene = Scene(script, "x", "y")
    scene.calls("y", 1, "a")
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.tally.responses == 1)
        scene.end_log("y")
        scene.calls("x", 1, *["a"] * 5)
        await watch.until(lambda seen: seen.tally.responses == 6)


async def test_a_client_that_comes_later_is_read_from_its_first_line(script: Script, api: Api) -> None:
    scene = Scene(script)
    async with watching(api) as watch:
        await watch.until(lambda seen: seen.windows == 1)
        scene.client("ADDED", "y")
        scene.calls("y", 1, "a", "b")
        seen = await watch.until(lambda seen: seen.tally.responses == 2)
    assert (seen.tally.missed, len(seen.clients)) == (0, 2)
    assert "tailLines" not in script.asked_for("GET", f"{PODS}/y/log")[0].query


async def test_there_must_be_a_client(script: Script, api: Api) -> None:
    script.on("GET", PODS, reply({"metadata": {"resourceVersion": "1"}, "items": []}))
    with pytest.raises(NotFound, match="no grpc-client pod") as caught:
        async with watching(api) as watch:
            await watch.to_the_end()
    assert "grpcdemo up" in str(caught.value.hint)


async def test_a_log_that_may_not_be_read_is_an_error(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.log("x", refuse(403, 'User "jane" cannot get resource "pods/log" in API group ""'))
    with pytest.raises(Forbidden, match="cannot get"):
        async with watching(api) as watch:
            await watch.to_the_end()


async def test_a_watch_that_is_forbidden_is_an_error(script: Script, api: Api) -> None:
    Scene(script)
    script.on("WATCH", PODS, refuse(403, 'User "jane" cannot watch resource "pods" in API group ""'))
    with pytest.raises(Forbidden, match="cannot watch"):
        async with watching(api) as watch:
            await watch.to_the_end()


async def test_a_client_that_goes_before_its_log_was_read_is_no_error(script: Script, api: Api) -> None:
    """As in the midst of a rollout; the watch of the pods tells of it a moment later."""
    scene = Scene(script, "x", "y")
    scene.log("y", refuse(404, 'pods "y" not found'))
    async with watching(api) as watch:
        await watch.until(lambda seen: bool(script.asked_for("GET", f"{PODS}/y/log")))
        scene.calls("x", 1, *["a"] * 3)
        await watch.until(lambda seen: seen.tally.responses == 3)


async def test_too_little_in_the_time_is_no_verdict(script: Script, api: Api) -> None:
    Scene(script)
    async with watching(api, ObserveConfig(expect=Outcome.BALANCED, timeout_s=0.2)) as watch:
        seen = await watch.to_the_end()
    with pytest.raises(NotEnoughResponses, match=r"none of the 3 ready servers has answered yet$"):
        check_expected(Outcome.BALANCED, seen)


async def test_a_demo_that_somebody_deletes_is_not_waited_for(script: Script, api: Api) -> None:
    scene = Scene(script, servers=("a",))
    async with watching(api, ObserveConfig(expect=Outcome.BALANCED, timeout_s=3600)) as watch:
        await watch.until(lambda seen: bool(seen.clients))
        scene.client("DELETED", "x")
        await watch.until(lambda seen: not seen.clients)
        scene.client("ADDED", "y")
        await watch.until(lambda seen: bool(seen.clients))
        scene.client("DELETED", "y")
        scene.server("DELETED", "a")
        seen = await watch.to_the_end()
    with pytest.raises(NotEnoughResponses, match="the demo is gone") as caught:
        check_expected(Outcome.BALANCED, seen)
    assert "grpcdemo up" in str(caught.value.hint)


async def test_what_failed_is_why_there_is_no_verdict(script: Script, api: Api) -> None:
    scene = Scene(script)
    scene.calls("x", 1, *[None] * 3, code="UNAVAILABLE")
    async with watching(api) as watch:
        seen = await watch.until(lambda seen: seen.tally.errors == {"UNAVAILABLE": 3})
    with pytest.raises(NotEnoughResponses, match="has answered yet; failed calls: 3 UNAVAILABLE") as caught:
        check_expected(Outcome.BALANCED, seen)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(("servers", "hint"), [(("a",), "grpcdemo up --servers 3"), (("a", "b"), "watch longer")])
async def test_what_helps_where_there_is_no_verdict(
    script: Script, api: Api, servers: tuple[str, ...], hint: str
) -> None:
    Scene(script, servers=servers)
    async with watching(api) as watch:
        seen = await watch.until(lambda seen: len(seen.servers) == len(servers))
    with pytest.raises(NotEnoughResponses) as caught:
        check_expected(Outcome.BALANCED, seen)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("expected", "seen", "error"),
    [
        (Outcome.PINNED, Outcome.PINNED, None),
        (Outcome.BALANCED, Outcome.BALANCED, None),
        (Outcome.PINNED, Outcome.BALANCED, UnexpectedVerdict),
        (Outcome.BALANCED, Outcome.PINNED, UnexpectedVerdict),
        (Outcome.BALANCED, Outcome.SKEWED, UnexpectedVerdict),
        (Outcome.BALANCED, Outcome.INCONCLUSIVE, NotEnoughResponses),
    ],
)
def test_what_is_not_expected_is_an_error(expected: Outcome, seen: Outcome, error: type[Exception] | None) -> None:
    client = read_pod(pod("x", app="grpc-client"))
    found = Observation(servers=(), clients=(client,), tally=Tally(), verdict=Verdict(seen, "because"))
    if error is None:
        check_expected(expected, found)
        return
    with pytest.raises(error, match="because"):
        check_expected(expected, found)


async def test_what_is_in_the_log_already_is_judged_by_its_own_times(script: Script, api: Api) -> None:
    scene = Scene(script)
    log = FakeLog()
    scene.log("x", log)
    now_ns = time.time_ns()
    for seq in range(40, 80):
        text = format_call(Call(seq, "OK", "b", "ip-of-b", 1.0, None)).encode()
        log.write(text, at_ns=now_ns - (80 - seq) * 1_000_000_000)
    clock = asyncio.get_running_loop().time
    began = clock()
    async with watching(api, ObserveConfig(since_s=60, expect=Outcome.PINNED)) as watch:
        seen = await watch.to_the_end()
    assert (seen.tally.responses, seen.tally.missed) == (40, 0)
    assert seen.verdict.outcome is Outcome.PINNED
    assert 39 < seen.tally.seconds < 60, "forty seconds of log, however fast it was read"
    assert 60 <= int(log.asked[0].query["sinceSeconds"]) <= math.ceil(60 + clock() - began)


async def test_what_is_older_than_was_asked_for_is_left_out(script: Script, api: Api) -> None:
    """The API counts in whole seconds, and sends what belongs to the first of them, too."""
    scene = Scene(script)
    log = FakeLog()
    scene.log("x", log)
    now_ns = time.time_ns()
    for seq, age_s in ((7, 31), (8, 30.2), (9, 20), (10, 10)):
        text = format_call(Call(seq, "OK", "b", "ip-of-b", 1.0, None)).encode()
        log.write(text, at_ns=now_ns - int(age_s * 1_000_000_000))
    async with watching(api, ObserveConfig(since_s=30, requests=2)) as watch:
        seen = await watch.to_the_end()
    assert (seen.tally.responses, seen.tally.missed) == (2, 0)
    assert seen.tally.seconds == pytest.approx(10, abs=0.5), "from the first counted call to the last"


async def test_a_line_that_comes_late_is_no_older_than_was_asked_for(script: Script, api: Api) -> None:
    """Whatever a clock says of a line that comes after one that counts, it was written after it."""
    scene = Scene(script)
    log = FakeLog()
    scene.log("x", log)
    now_ns = time.time_ns()
    for seq, age_s in ((1, 100), (2, 20), (3, 100), (4, 10)):
        text = format_call(Call(seq, "OK", "b", "ip-of-b", 1.0, None)).encode()
        log.write(text, at_ns=now_ns - age_s * 1_000_000_000)
    async with watching(api, ObserveConfig(since_s=30, requests=3)) as watch:
        seen = await watch.to_the_end()
    assert (seen.tally.responses, seen.tally.missed) == (3, 0)


async def test_the_timeline_begins_with_the_first_call_there_is(script: Script, api: Api) -> None:
    scene = Scene(script)
    log = FakeLog()
    scene.log("x", log)
    now_ns = time.time_ns()
    for seq, age_s in ((1, 40), (2, 20), (1, 10), (2, 0)):
        text = format_call(Call(seq, "OK", "b", "ip-of-b", 1.0, None)).encode()
        log.write(text, at_ns=now_ns - age_s * 1_000_000_000)
    async with watching(api, ObserveConfig(since_s=86400)) as watch:
        seen = await watch.until(lambda seen: seen.windows == 2 and seen.tally.responses == 2)
    assert seen.timeline.seconds < 3600
    began = [index for index, found in enumerate(seen.timeline.slices) if found.windows]
    assert [index * seen.timeline.slice_s for index in began] == pytest.approx([0, 30], abs=2)


async def test_ones_own_client_is_watched_by_its_label_and_container(script: Script, api: Api) -> None:
    scene = Scene(script)
    own = pod("mine", app="my-client")
    own["spec"]["containers"][0]["name"] = "main"
    listed = {"metadata": {"resourceVersion": "10"}, "items": [own]}
    ours, watch_of_ours = script.answer("GET", PODS), script.answer("WATCH", PODS)

    async def pods(request: web.Request) -> web.StreamResponse:
        mine = request.query.get("labelSelector") == "app=mine"
        if request.query.get("watch") == "true":
            return await (Feed() if mine else watch_of_ours)(request)
        return await (reply(listed) if mine else ours)(request)

    script.on("GET", PODS, pods)
    script.on("WATCH", PODS, pods)
    log = FakeLog()
    scene.log("mine", log)
    log.write(b"seq=1 code=OK pod=a pod_ip=1.2.3.4 latency_ms=1.00")
    async with watching(api, ObserveConfig(selector="app=mine", container="main")) as watch:
        seen = await watch.until(lambda seen: seen.tally.responses == 1)
    assert [client.name for client in seen.clients] == ["mine"]
    assert seen.tally.by_client == {"mine": {"a": 1}}
    assert log.asked[0].query["container"] == "main"
    with pytest.raises(UsageError, match="no container grpc-client") as caught:
        async with watching(api, ObserveConfig(selector="app=mine")) as watch:
            await watch.to_the_end()
    assert str(caught.value.hint).endswith("main")


async def test_a_selector_that_finds_nothing_is_said(script: Script, api: Api) -> None:
    script.on("GET", PODS, reply({"metadata": {"resourceVersion": "1"}, "items": []}))
    with pytest.raises(NotFound, match="no pod with app=mine"):
        async with watching(api, ObserveConfig(selector="app=mine")) as watch:
            await watch.to_the_end()
