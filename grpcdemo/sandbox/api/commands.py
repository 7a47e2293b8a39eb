"""`pods/exec`: runs a command in a container, without input and without a terminal.

Channel 1 of the websocket has what the command writes, 2 its errors, and 3 a `Status` when it has ended.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from aiohttp import web

from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.api.endless import EndlessRequests
from grpcdemo.sandbox.api.logs import choose_container
from grpcdemo.sandbox.api.options import parse_bool
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.api.verbs import Call

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
"""The fifth only adds how a client ends the input."""
CHANNELS = {"stdout": b"\1", "stderr": b"\2"}
STATUS = b"\3"
SUCCESS = {"metadata": {}, "status": "Success"}


class PodCommands(Protocol):
    """What can run a command in a container: the kubelet."""

    async def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], write: Callable[[str, bytes], None]
    ) -> int:
        """Run it to its end; the exit code. It ends when it is cancelled. *write* takes `stdout` or `stderr`, and data.

        Raises StatusError if it cannot be started.
        """


class Commands:
    """The verb."""

    def __init__(self, store: Store, pod_commands: PodCommands, endless: EndlessRequests) -> None:
        self._store = store
        self._pod_commands = pod_commands
        self._endless = endless

    async def execute(self, call: Call) -> web.StreamResponse:
        """Until the command ends, or the client closes the connection. Raises StatusError."""
        query = call.request.query
        pod = self._store.get(PODS, call.namespace, call.name)
        container, argv = choose_container(pod, query.get("container", "")), query.getall("command", [])
        if not argv:
            raise StatusError("BadRequest", "you must specify at least 1 command for the container")
        if parse_bool(query, "stdin") or parse_bool(query, "tty"):
            raise StatusError("BadRequest", "the sandbox runs commands without input and without a terminal")
        websocket = web.WebSocketResponse(protocols=PROTOCOLS)
        check = websocket.can_prepare(call.request)
        if not check.ok or check.protocol not in PROTOCOLS:
            protocols = " or ".join(PROTOCOLS)
            raise StatusError("BadRequest", f"the sandbox runs commands over a websocket with the protocol {protocols}")
        await websocket.prepare(call.request)
        with self._endless.cut_at_the_end(), suppress(ConnectionError):
            await self._run(websocket, call, container, argv)
        return websocket

    async def _run(self, websocket: web.WebSocketResponse, call: Call, container: str, argv: Sequence[str]) -> None:
        output = asyncio.Queue[bytes]()

        async def run() -> None:
            def write(stream: str, data: bytes) -> None:
                output.put_nowait(CHANNELS[stream] + data)

            try:
                code = await self._pod_commands.run_command(call.namespace, call.name, container, argv, write)
                status = _ended(code)
            except StatusError as error:
                status = error.body()
            output.put_nowait(STATUS + json.dumps(status).encode())

        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(one) for one in (run(), _until_closed(websocket))]
        tasks.append(asyncio.ensure_future(_send_all(websocket, output)))
        try:
            await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await websocket.close()


async def _send_all(websocket: web.WebSocketResponse, output: asyncio.Queue[bytes]) -> None:
    """With the end of the command as the last."""
    message = b""
    while not message.startswith(STATUS):
        message = await output.get()
        await websocket.send_bytes(message)


async def _until_closed(websocket: web.WebSocketResponse) -> None:
    async for _ in websocket:  # there is no input
        pass


def _ended(code: int) -> dict[str, Any]:
    if code == 0:
        return SUCCESS
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
