"""A request through a port-forward: whatever the kubelet, the pod and the API server answer."""

import pytest
from aiohttp import web

from grpcdemo.errors import ApiError, Forbidden, NotFound, Unreachable
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.port_forward import Answer, read_answer
from tests.fakes.envoy import PORT, Envoy
from tests.fakes.script import Script, refuse

PATH = "/api/v1/namespaces/shop/pods/web-1/portforward"


class Failing(Envoy):
    """Sends these messages in place of an answer, and closes."""

    def __init__(self, *messages: bytes) -> None:
        super().__init__("cart", {})
        self.messages = messages

    async def answer(self, websocket: web.WebSocketResponse, data: bytes) -> None:
        for message in self.messages:
            await websocket.send_bytes(message)
        await websocket.close()


async def get(api: Api, path: str = "/clusters") -> bytes:
    forward = await api.forward("web-1", PORT, namespace="shop")
    try:
        return await forward.get(path)
    finally:
        await forward.close()


async def test_one_connection_takes_many_requests(script: Script, api: Api) -> None:
    envoy = Envoy("cart", {"10.0.0.1": 1})
    script.on("GET", PATH, envoy)
    forward = await api.forward("web-1", PORT, namespace="shop")
    for total in (1001, 1002):
        assert f'"value": "{total}"'.encode() in await forward.get("/clusters?format=json")
    await forward.close()
    assert (envoy.forwards, envoy.asked) == (1, ["/clusters?format=json"] * 2)


@pytest.mark.parametrize(
    ("messages", "error", "words"),
    [
        ([b"\x01error forwarding port 15000: connection refused"], ApiError, "connection refused"),
        ([], Unreachable, "the connection to pod web-1 broke"),
        ([b"\0HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n123"], Unreachable, "the connection to pod web-1 broke"),
        ([b"\0HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n"], ApiError, "HTTP 503 Unavailable"),
        ([b"\0SSH-2.0\r\n\r\n"], ApiError, "the response is not HTTP"),
    ],
)
async def test_failures(script: Script, api: Api, messages: list[bytes], error: type, words: str) -> None:
    script.on("GET", PATH, Failing(*messages))
    with pytest.raises(error, match=words):
        await get(api)


async def test_refusals(script: Script, api: Api) -> None:
    for code, error in ((403, Forbidden), (404, NotFound), (500, ApiError)):
        script.on("GET", PATH, refuse(code))
        with pytest.raises(error, match=f"cannot get pods/portforward web-1 in namespace shop: HTTP {code}"):
            await get(api)


def test_an_answer_is_whole_or_none() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    assert [read_answer(answer[:end]) for end in range(len(answer))] == [None] * len(answer)
    assert read_answer(answer) == Answer(b"ok", is_last=False)


def test_an_answer_may_end_with_its_connection() -> None:
    for head in (b"HTTP/1.0 200 OK", b"HTTP/1.1 200 OK\r\nconnection: close"):
        assert read_answer(head + b"\r\ncontent-length: 2\r\n\r\nok") == Answer(b"ok", is_last=True)
        assert read_answer(head + b"\r\n\r\nok") is None
        assert read_answer(head + b"\r\n\r\nok", is_over=True) == Answer(b"ok", is_last=True)


async def test_a_server_that_closes_after_each_answer(script: Script, api: Api) -> None:
    script.on("GET", PATH, Failing(b"\0HTTP/1.0 200 OK\r\n\r\no", b"\0k"))
    assert await get(api) == b"ok"
