"""A command in a container: what it writes and how it ends, and what may come in between."""

import json
from collections.abc import Sequence

import pytest
from aiohttp import web

from grpcdemo.errors import ApiError, Forbidden, NotFound, Unreachable
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.execution import Output
from tests.fakes.script import Script, refuse

PATH = "/api/v1/namespaces/shop/pods/web-1/exec"
SUCCESS = {"metadata": {}, "status": "Success"}
EXIT_1 = {
    "status": "Failure",
    "reason": "NonZeroExitCode",
    "message": "command terminated with non-zero exit code: exit status 1",
    "details": {"causes": [{"reason": "ExitCode", "message": "1"}]},
}
NOT_FOUND = {
    "status": "Failure",
    "reason": "InternalError",
    "message": 'exec failed: unable to start container process: exec: "cat": executable file not found in $PATH',
    "code": 500,
}


class Kubelet:
    """Sends these messages, and the status, if there is one."""

    def __init__(self, messages: Sequence[bytes], status: object = None) -> None:
        self.messages = [*messages, *([b"\3" + json.dumps(status).encode()] if status else [])]
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked = [*request.query.items()]
        websocket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await websocket.prepare(request)
        assert websocket.ws_protocol
        for message in self.messages:
            await websocket.send_bytes(message)
        if len(self.messages) < 3:
            await websocket.close()
        await websocket.receive()
        return websocket


async def execute(api: Api) -> Output:
    return await api.execute("web-1", "app", "cat", "/proc/net/tcp", namespace="shop")


async def test_what_a_command_writes(script: Script, api: Api) -> None:
    kubelet = Kubelet([b"\1", b"\1sl  lo", b"\2no ", b"\1cal", b"\2file\n"], SUCCESS)
    script.on("GET", PATH, kubelet)
    assert await execute(api) == Output(b"sl  local", "no file", 0, "")
    assert kubelet.asked == [
        ("container", "app"),
        ("command", "cat"),
        ("command", "/proc/net/tcp"),
        ("stdout", "true"),
        ("stderr", "true"),
    ]


@pytest.mark.parametrize(
    ("status", "code", "is_missing"),
    [
        (EXIT_1, 1, False),
        ({**EXIT_1, "details": {"causes": [{"reason": "ExitCode", "message": "127"}]}}, 127, True),
        (NOT_FOUND, None, True),
        ({**NOT_FOUND, "message": "the container has stopped"}, None, False),
    ],
)
async def test_how_it_fails(script: Script, api: Api, status: dict[str, str], code: int, is_missing: bool) -> None:
    script.on("GET", PATH, Kubelet([b"\1some", b"\2"], status))
    output = await execute(api)
    assert (output.stdout, output.code, output.is_missing) == (b"some", code, is_missing)
    assert output.message == status["message"]


async def test_an_end_without_a_status(script: Script, api: Api) -> None:
    script.on("GET", PATH, Kubelet([b"\1some"]))
    with pytest.raises(Unreachable, match="the connection to the container broke"):
        await execute(api)


async def test_refusals(script: Script, api: Api) -> None:
    for code, error in ((403, Forbidden), (404, NotFound), (500, ApiError)):
        script.on("GET", PATH, refuse(code))
        with pytest.raises(error, match=f"cannot get pods/exec web-1 in namespace shop: HTTP {code}"):
            await execute(api)
