"""`pods/portforward` and `pods/proxy`: what leads to a port of a pod, with our own client and by plain HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from grpcdemo.errors import ApiError, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.resources import resource
from tests.fakes.authority import server_context
from tests.fakes.script import connected_to

from .harness import Client, Sandbox, running
from .samples import NAMESPACE, PODS, REVIEWS, pod

PROXY = f"{PODS}/one:8080/proxy"


async def echo(request: web.Request) -> web.Response:
    """What came of the request."""
    headers = {"X-Asked": request.headers.get("X-Ask", ""), "Connection": "keep-alive"}
    if request.path == "/moved":
        raise web.HTTPFound("/", headers=headers)
    asked = [request.method, str(request.rel_url), await request.text(), request.headers.get("Authorization")]
    return web.json_response(asked, status=418, headers=headers)


@asynccontextmanager
async def with_pod(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    """With a pod `one` that speaks HTTP on port 8080."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.node.ports = {8080: runner.addresses[0], 9: ("127.0.0.1", unused_port())}
    sandbox.registry.create(resource.PODS, NAMESPACE, pod(container={"ports": [{"containerPort": 8080}]}))
    yield sandbox
    await runner.cleanup()


@pytest.fixture
async def one(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    async with with_pod(sandbox):
        yield sandbox


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Api]:
    """Our own client, which sends a token over TLS alone."""
    async with (
        running(server_context()) as sandbox,
        with_pod(sandbox),
        connected_to(sandbox.client.url, tmp_path) as api,
    ):
        yield api


async def test_the_proxy_passes_on_what_is_asked_and_answered(one: Sandbox) -> None:
    answer = await one.client.ask("POST", f"{PROXY}/a%20b//c", b"body", headers={"X-Ask": "1"}, q="x y")
    assert (answer.code, answer.headers["X-Asked"]) == (418, "1")
    assert answer.body == ["POST", "/a%20b//c?q=x+y", "body", None]
    assert (await one.client.get(f"{PODS}/one/proxy")).body[:2] == ["GET", "/"]
    assert (await one.client.delete(f"{PROXY}/")).body[0] == "DELETE"


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        (f"{PODS}/two:8080/proxy/", 404, 'pods "two" not found'),
        (f"{PODS}/one:x/proxy/", 400, 'invalid pod request "one:x"'),
        (f"{PODS}/one:9/proxy/", 503, "error trying to reach service"),
        (f"{PODS}/one:7/proxy/", 503, "error trying to reach service"),
    ],
)
async def test_proxying_that_is_refused(one: Sandbox, path: str, code: int, words: str) -> None:
    answer = await one.client.get(path)
    assert (answer.code, words in answer.message) == (code, True)


async def test_a_port_forward_takes_many_requests(own: Api) -> None:
    forward = await own.forward("one", 8080, namespace=NAMESPACE)
    for path in ("/clusters?format=json", "/b"):
        with pytest.raises(ApiError, match="HTTP 418"):
            await forward.get(path)
    await forward.close()


async def test_nothing_listens_on_the_port(own: Api) -> None:
    for port, why in ((9, "Connect"), (7, "nobody listens")):
        forward = await own.forward("one", port, namespace=NAMESPACE)
        with pytest.raises(ApiError, match=f"an error occurred forwarding {port} -> {port}: {why}"):
            await forward.get("/")


async def test_another_protocol_is_refused(one: Sandbox) -> None:
    answer = await one.client.get(f"{PODS}/one/portforward", ports="8080")
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert "over a websocket with the protocol v4.channel.k8s.io" in answer.message


async def test_forwarding_that_is_refused(own: Api) -> None:
    with pytest.raises(ApiError, match="HTTP 400"):
        await own.forward("one", 0, namespace=NAMESPACE)
    with pytest.raises(NotFound):
        await own.forward("two", 8080, namespace=NAMESPACE)


async def test_the_user_may_do_both(client: Client) -> None:
    for part, verb in (("portforward", "create"), ("portforward", "get"), ("proxy", "create"), ("proxy", "get")):
        attributes = {"namespace": NAMESPACE, "verb": verb, "resource": "pods", "subresource": part}
        answer = await client.create(REVIEWS, {"spec": {"resourceAttributes": attributes}})
        assert answer.body["status"] == {"allowed": True}, json.dumps(attributes)
