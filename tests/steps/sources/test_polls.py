"""Many pods at once: a silent one holds nobody up."""

import asyncio
from functools import partial

import pytest
from aiohttp import web

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.pages import Page, poll_pages
from tests.fakes.envoy import Envoy
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse
from tests.steps.meshed import SERVICE, mesh_clients, paths, pods_of

PAGE = Page(15000, "/clusters", "its sidecar", "the admin of an Envoy")
SILENT = "its sidecar does not answer"


def on(pods: list[Object]) -> list[tuple[Object, Page]]:
    return [(pod, PAGE) for pod in pods]


class Hesitating(Envoy):
    """Answers when it is told to."""

    def __init__(self, service: str) -> None:
        super().__init__(service, {"10.0.0.1": 1}, already=0)
        self.may_answer = asyncio.Event()

    async def answer(self, websocket: web.WebSocketResponse, data: bytes) -> None:
        await self.may_answer.wait()
        await super().answer(websocket, data)


async def test_a_silent_one_is_named_and_its_answer_counts_later(cluster: HollowCluster, demo_api: Api) -> None:
    first, second = paths(await mesh_clients(cluster, clients=2))
    slow, quick = Hesitating(SERVICE), Envoy(SERVICE, {"10.0.0.1": 1})
    cluster.faults.on("GET", first, slow)
    cluster.faults.on("GET", second, quick)
    pods = sorted(pods_of(cluster, "client"), key=lambda pod: str(pod["metadata"]["name"]))
    late, prompt = (pod["metadata"]["uid"] for pod in pods)
    pages = poll_pages(demo_api, len, wait_s=0.05)
    while len(quick.asked) < 3:
        _, failures = await pages.ask(on(pods))
        assert (failures[late], pages.are_awaited) == (SILENT, True)
        await asyncio.sleep(0)
    assert slow.asked == []
    slow.may_answer.set()
    answers = dict[str, int]()
    while answers.keys() != {late, prompt}:
        answers, failures = await pages.ask(on(pods))
        await asyncio.sleep(0)
    assert (failures, slow.forwards, pages.are_awaited) == ({}, 1, False)
    await pages.close()


async def test_one_that_fails_is_not_awaited(cluster: HollowCluster, demo_api: Api) -> None:
    (where,) = paths(await mesh_clients(cluster))
    cluster.faults.on("GET", where, refuse(405))
    pages = poll_pages(demo_api, len, wait_s=60)
    _, failures = await pages.ask(on(pods_of(cluster, "client")))
    assert ["HTTP 405" in why for why in failures.values()] == [True]
    assert not pages.are_awaited
    await pages.close()


async def test_closing_does_not_wait_for_a_silent_one(cluster: HollowCluster, demo_api: Api) -> None:
    (where,) = paths(await mesh_clients(cluster))
    cluster.faults.on("GET", where, Hesitating(SERVICE))
    pages = poll_pages(demo_api, partial(str, encoding="utf-8"), wait_s=0)
    assert [*(await pages.ask(on(pods_of(cluster, "client"))))[1].values()] == [SILENT]
    await pages.close()


async def test_whoever_may_ask_none_is_told_once(cluster: HollowCluster, demo_api: Api) -> None:
    for where in paths(await mesh_clients(cluster, clients=2)):
        cluster.faults.on("GET", where, refuse(403))
    pages = poll_pages(demo_api, len)
    with pytest.raises(Unreadable, match="create pods/portforward"):
        await pages.ask(on(pods_of(cluster, "client")))
    await pages.close()
