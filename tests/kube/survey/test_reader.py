"""What is read for a diagnosis: in pages, all kinds at once, and what may not be read is noted."""

import asyncio

import pytest
from aiohttp import web

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.discovery import read_groups
from grpcdemo.kube.survey.reader import Reader, Wanted
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DESTINATION_RULES, GRPC_ROUTES, NODES, PODS
from grpcdemo.resources.rights import Right
from tests.fakes.script import Script, refuse, reply

PODS_PATH = "/api/v1/namespaces/shop/pods"


def page(*names: str, following: str = "") -> Object:
    items = [{"metadata": {"name": name, "namespace": "shop", "managedFields": [{}]}} for name in names]
    return {"items": items, "metadata": {"continue": following}}


def group(name: str, *versions: str) -> Object:
    return {"name": name, "versions": [{"version": version} for version in versions]}


async def test_a_long_list_comes_in_pages(script: Script, api: Api) -> None:
    script.on("GET", PODS_PATH, reply(page("a", following="2")), reply(page("b")))
    reader = Reader(api, None)
    await reader.read([Wanted(PODS, "shop", selector="app=a")])
    assert reader.inventory().read(PODS, "shop") == [{"metadata": {"name": name, "namespace": "shop"}} for name in "ab"]
    assert [asked.query for asked in script.asked] == [
        {"limit": "500", "labelSelector": "app=a"},
        {"limit": "500", "labelSelector": "app=a", "continue": "2"},
    ]


async def test_pages_that_expired_are_asked_for_as_one(script: Script, api: Api) -> None:
    script.on("GET", PODS_PATH, reply(page("a", following="2")), refuse(410, reason="Expired"), reply(page("a", "b")))
    assert [item["metadata"]["name"] for item in await api.list_all(PODS, namespace="shop")] == ["a", "b"]
    assert script.asked[-1].query == {}


async def test_rights_that_are_missing_are_noted_in_order(script: Script, api: Api) -> None:
    asked_last = asyncio.Event()

    async def late(request: web.Request) -> web.StreamResponse:
        await asked_last.wait()
        return await refuse(403, reason="Forbidden")(request)

    async def last(request: web.Request) -> web.StreamResponse:
        asked_last.set()
        return await refuse(403, reason="Forbidden")(request)

    script.on("GET", PODS_PATH, late)
    script.on("GET", "/api/v1/nodes/n1", last)
    reader = Reader(api, None)
    await reader.read([Wanted(PODS, "shop"), Wanted(NODES, name="n1")])
    inventory = reader.inventory()
    assert inventory.missing == (Right("list", PODS, "shop"), Right("get", NODES, name="n1"))
    with pytest.raises(Unreadable, match="list pods in namespace shop"):
        inventory.read(PODS, "shop")


async def test_only_groups_that_the_cluster_serves_are_asked(script: Script, api: Api) -> None:
    served = {"groups": [group("networking.istio.io", "v1beta1", "v1alpha3")]}
    script.on("GET", "/apis", reply(served))
    script.on("GET", "/apis/networking.istio.io/v1beta1/destinationrules", reply(page("a")))
    reader = Reader(api, await read_groups(api))
    await reader.read([Wanted(DESTINATION_RULES), Wanted(GRPC_ROUTES)])
    assert len(reader.inventory().read(DESTINATION_RULES)) == 1
    assert reader.inventory().read(GRPC_ROUTES) == []
    assert len(script.asked) == 2
    script.on("GET", "/apis", refuse(403, reason="Forbidden"))
    assert await read_groups(api) is None
