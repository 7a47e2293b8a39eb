"""A live copy of what the API holds, through all that can happen to a watch."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from grpcdemo.errors import ApiError, Forbidden, Unreachable
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.patience import Patience
from grpcdemo.kube.streams.watch import Mirror, Query, wait_until
from grpcdemo.model.progress import StepEvent, Waiting
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from tests.fakes.script import Answer, Feed, Script, connected, cut, refuse, reply

PATH = "/api/v1/namespaces/demo/pods"
PODS_OF_DEMO = {"pods": Query(PODS, "demo", OURS)}
GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 10 (99)"}
PATIENCE_S = 120


def named(name: str, version: int) -> Object:
    return {"metadata": {"name": name, "namespace": "demo", "resourceVersion": str(version)}}


def listed(version: int, *names: str) -> Object:
    return {"metadata": {"resourceVersion": str(version)}, "items": [named(name, version) for name in names]}


def names(mirror: Mirror) -> list[str]:
    return [pod["metadata"]["name"] for pod in mirror["pods"]]


async def until(mirror: Mirror, *expected: str) -> None:
    """Wait until the mirror holds just these pods."""
    while names(mirror) != list(expected):
        assert await mirror.changed(PATIENCE_S), f"{names(mirror)} did not become {expected}"


def watched(script: Script) -> list[str]:
    """The resource versions that were watched from."""
    return [asked.query["resourceVersion"] for asked in script.asked_for("WATCH", PATH)]


async def test_objects_come_change_and_go(script: Script, api: Api) -> None:
    feed = Feed()
    script.on("GET", PATH, reply(listed(10, "b", "a")))
    script.on("WATCH", PATH, feed)
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        assert names(mirror) == ["a", "b"]
        feed.event("ADDED", named("c", 11))
        await until(mirror, "a", "b", "c")
        feed.event("MODIFIED", {**named("a", 12), "spec": {"changed": True}}).event("DELETED", named("b", 13))
        await until(mirror, "a", "c")
        assert mirror["pods"][0]["spec"] == {"changed": True}
    assert script.asked_for("GET", PATH)[0].query == {"labelSelector": OURS}
    assert script.asked_for("WATCH", PATH)[0].query["labelSelector"] == OURS


async def test_a_watch_that_ends_is_taken_up_where_it_ended(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(listed(10, "a")))
    bookmark = {"metadata": {"resourceVersion": "40", "creationTimestamp": None}}
    script.on(
        "WATCH",
        PATH,
        Feed().end(),
        Feed().event("ADDED", named("b", 12)).end(),
        Feed().event("BOOKMARK", bookmark).end(),
        Feed().event("ADDED", named("c", 41)),
    )
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        await until(mirror, "a", "b", "c")
    assert watched(script) == ["10", "10", "12", "40"]


@pytest.mark.parametrize("half", [b"", b'{"type": "ADDED", "object": {"meta'])
async def test_a_watch_that_breaks_is_taken_up_where_it_broke(script: Script, api: Api, half: bytes) -> None:
    script.on("GET", PATH, reply(listed(10)))
    broken = Feed().event("ADDED", named("a", 11)).send(*([half] if half else [])).cut()
    script.on("WATCH", PATH, cut(), broken, Feed().event("ADDED", named("b", 12)))
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        await until(mirror, "a", "b")
    assert watched(script) == ["10", "10", "11"]


@pytest.mark.parametrize(
    "gone", [lambda: Feed().event("ERROR", GONE).end(), lambda: refuse(410, "too old")], ids=["event", "answer"]
)
async def test_an_expired_version_is_listed_again(script: Script, api: Api, gone: Callable[[], Answer]) -> None:
    """A pod deleted meanwhile is not in the new list, and no event reports it."""
    feed = Feed()
    script.on("GET", PATH, reply(listed(10, "old", "both")), reply(listed(99, "both", "new")))
    script.on("WATCH", PATH, gone(), feed)
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        await until(mirror, "both", "new")
        feed.event("DELETED", named("both", 100))
        await until(mirror, "new")
    assert watched(script) == ["10", "99"]


async def test_a_list_that_fails_after_an_expired_version_is_tried_again(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(listed(10, "a")), refuse(405, "not now"), reply(listed(99, "b")))
    script.on("WATCH", PATH, refuse(410, "too old"), refuse(410, "too old"), Feed())
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        await until(mirror, "b")


async def test_an_overloaded_api_is_waited_for(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, refuse(429), refuse(500), Feed().event("ADDED", named("a", 11)))
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        await until(mirror, "a")


@pytest.fixture
async def impatient_api(script: Script, tmp_path: Path) -> AsyncIterator[Api]:
    async with connected(script, tmp_path, patience=Patience(lost_s=0.03, lost_retry_s=0.01)) as api:
        yield api


async def test_an_api_that_does_not_come_back_is_given_up(script: Script, impatient_api: Api) -> None:
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, cut())
    async with Mirror(impatient_api, PODS_OF_DEMO) as mirror:
        with pytest.raises(Unreachable):
            while True:
                await mirror.changed(PATIENCE_S)


async def test_an_api_that_was_back_meanwhile_is_waited_for_again(script: Script, impatient_api: Api) -> None:
    opened, silent = asyncio.Event(), Feed()

    async def open_silent(request: web.Request) -> web.StreamResponse:
        opened.set()
        return await silent(request)

    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, refuse(503), open_silent, Feed().event("ADDED", named("a", 11)))
    async with Mirror(impatient_api, PODS_OF_DEMO) as mirror:
        await opened.wait()
        await asyncio.sleep(2 * impatient_api.patience.lost_s)
        silent.cut()
        await until(mirror, "a")


async def test_a_forbidden_watch_is_not_waited_for(script: Script, api: Api) -> None:
    message = 'pods is forbidden: User "jane" cannot watch resource "pods" in API group ""'
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, refuse(403, message))
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        with pytest.raises(Forbidden, match="cannot watch pods") as caught:
            while True:
                await mirror.changed(PATIENCE_S)
    assert "can-i watch pods --namespace demo" in str(caught.value.hint)


@pytest.mark.parametrize("code", [401, 403, 500])
async def test_a_watch_that_a_starting_server_refuses_is_taken_up_again(
    script: Script, tmp_path: Path, code: int
) -> None:
    refused = refuse(code, 'User "jane" cannot watch resource "pods"')
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, Feed().end(), *[refused] * 5, Feed().event("ADDED", named("a", 11)))
    async with (
        connected(script, tmp_path, patience=Patience(lost_retry_s=0)) as api,
        Mirror(api, PODS_OF_DEMO) as mirror,
    ):
        while mirror.lost is None:
            await mirror.changed(0.001)  # what it holds is old, and known to be
        await until(mirror, "a")
        assert mirror.lost is None


async def test_a_list_that_is_forbidden_fails_at_once(script: Script, api: Api) -> None:
    script.on("GET", PATH, refuse(403, 'User "jane" cannot list resource "pods" in API group ""'))
    with pytest.raises(Forbidden):
        async with Mirror(api, PODS_OF_DEMO):
            pass


async def test_without_news_nothing_changed(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(listed(10, "a")))
    script.on("WATCH", PATH, Feed())
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        assert await mirror.changed(PATIENCE_S)  # the list itself is news
        assert not await mirror.changed(0.01)


def silent() -> Answer:
    """A watch whose connection was forgotten somewhere on the way."""
    return Feed()


@pytest.fixture
async def watchful_api(script: Script, tmp_path: Path) -> AsyncIterator[Api]:
    """It takes a watch that says nothing for a moment for dead."""
    async with connected(script, tmp_path, patience=Patience(watch_s=1, silence_s=0.05, lost_retry_s=0)) as api:
        yield api


async def test_a_watch_that_falls_silent_is_opened_again(script: Script, watchful_api: Api) -> None:
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, silent(), Feed().event("ADDED", named("a", 11)))
    async with Mirror(watchful_api, PODS_OF_DEMO) as mirror:
        await until(mirror, "a")
    assert watched(script)[:2] == ["10", "10"]
    assert script.asked_for("WATCH", PATH)[0].query["timeoutSeconds"] == "1"


async def test_an_api_that_is_lost_is_told_until_it_is_back(script: Script, api: Api) -> None:
    back = asyncio.Event()

    async def away(request: web.Request) -> web.StreamResponse:
        return await (Feed() if back.is_set() else refuse(503, "no leader"))(request)

    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, away)
    events: list[StepEvent] = []

    def report(event: StepEvent) -> None:
        events.append(event)
        back.set()

    async with Mirror(api, PODS_OF_DEMO) as mirror:
        while mirror.lost is None:
            await mirror.changed(0.001)
        assert await wait_until(mirror, lambda: back.is_set() or None, timeout_s=PATIENCE_S, report=report)
        assert mirror.lost is None
    assert events[0] == Waiting("the API server, for at most 1m: cannot watch pods in namespace demo: no leader")


@pytest.mark.parametrize("fails", [True, False], ids=["failure", "timeout"])
async def test_a_judgement_rests_on_a_new_list(script: Script, api: Api, fails: bool) -> None:
    """The watch has not told of the pod that is there by now."""
    script.on("GET", PATH, reply(listed(10)), reply(listed(20, "a")))
    script.on("WATCH", PATH, silent())

    def check() -> list[Object] | None:
        if fails and not mirror["pods"]:
            raise ApiError("there is no pod, and there will be none")
        return mirror["pods"] or None

    async with Mirror(api, PODS_OF_DEMO) as mirror:
        assert await wait_until(mirror, check, timeout_s=0) == [named("a", 20)]


async def test_no_judgement_without_an_api(script: Script, api: Api) -> None:
    """Nothing is said of pods that nobody can see."""
    script.on("GET", PATH, reply(listed(10)), refuse(405, "gone away"))
    script.on("WATCH", PATH, silent())
    nothing: list[str] | None = None
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        with pytest.raises(ApiError, match="cannot list pods in namespace demo: gone away"):
            await wait_until(mirror, lambda: nothing, timeout_s=0)


async def test_waiting_ends_with_the_result_of_the_check(script: Script, api: Api) -> None:
    feed = Feed()
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, feed)
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        feed.event("ADDED", named("a", 11))
        pods = await wait_until(mirror, lambda: mirror["pods"] or None, timeout_s=PATIENCE_S)
    assert pods == [named("a", 11)]


async def test_waiting_too_long_ends_without_a_result(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(listed(10, "a")))
    script.on("WATCH", PATH, Feed())
    nothing: list[str] | None = None
    async with Mirror(api, PODS_OF_DEMO) as mirror:
        assert await wait_until(mirror, lambda: nothing, timeout_s=0) is None


async def test_a_check_may_end_the_waiting(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(listed(10)))
    script.on("WATCH", PATH, Feed())

    def check() -> None:
        raise ApiError("useless to wait")

    async with Mirror(api, PODS_OF_DEMO) as mirror:
        with pytest.raises(ApiError, match="useless"):
            await wait_until(mirror, check, timeout_s=PATIENCE_S)


async def test_what_nobody_can_be_told_ends_the_waiting_at_once(script: Script, api: Api) -> None:
    """A terminal that was closed is no judgement, and the next look would not meet it."""
    script.on("GET", PATH, reply(listed(10, "a")))
    script.on("WATCH", PATH, Feed())
    said: list[str] = []

    def check() -> list[Object]:
        if not said:
            said.append("ready")
            raise OSError("terminal closed")
        return mirror["pods"]

    async with Mirror(api, PODS_OF_DEMO) as mirror:
        with pytest.raises(OSError, match="terminal closed"):
            await wait_until(mirror, check, timeout_s=PATIENCE_S)
