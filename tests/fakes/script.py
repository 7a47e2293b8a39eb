"""A Kubernetes API of the test's own, over real HTTP: it answers as a script says, and notes what was asked."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect
from grpcdemo.resources.objects import Object
from tests.fakes.authority import authority_data

CONTEXT = "fake"
TOKEN = "secret"


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str | None = None


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Handler = Callable[[Asked], Answer]


def reply(body: Any = None, status: int = 200, **headers: str) -> Answer:
    """A whole answer; `Retry_After="0"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def send(_: web.Request) -> web.StreamResponse:
        if isinstance(body, bytes):
            return web.Response(body=body, status=status, headers=named)
        return web.json_response({} if body is None else body, status=status, headers=named)

    return send


def refuse(code: int, message: str = "", reason: str = "", **headers: str) -> Answer:
    """A `Status` that is no success."""
    status = {"kind": "Status", "status": "Failure", "code": code, "message": message, "reason": reason}
    return reply(status, code, **headers)


def cut() -> Answer:
    """No answer: the connection is closed."""

    async def close(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return close


async def hang(_: web.Request) -> web.StreamResponse:
    """No answer, until the client has gone."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


@dataclass
class Feed:
    """An answer whose chunks come when the test sends them. `end` ends it well, `cut` breaks it off."""

    chunks: asyncio.Queue[bytes | Exception | None] = field(default_factory=asyncio.Queue)

    def send(self, *chunks: bytes) -> Feed:
        for chunk in chunks:
            self.chunks.put_nowait(chunk)
        return self

    def event(self, kind: str, obj: Object) -> Feed:
        """One line of a watch."""
        return self.send(json.dumps({"type": kind, "object": obj}).encode() + b"\n")

    def end(self) -> Feed:
        self.chunks.put_nowait(None)
        return self

    def cut(self) -> Feed:
        self.chunks.put_nowait(ConnectionResetError())
        return self

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while (chunk := await self.chunks.get()) is not None:
            if isinstance(chunk, Exception):
                assert request.transport is not None
                request.transport.close()
                return response
            await response.write(chunk)
        return response


class Answers:
    """The answers to each path, in their order; the last one is given from then on."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer | None]] = {}

    def on(self, method: str, path: str, *answers: Answer | None) -> None:
        """Answer a request so; a watch of PATH is `WATCH`, apart from a `GET` of it."""
        self._answers[method, path] = list(answers)

    def answer(self, method: str, path: str) -> Answer:
        """The next answer to a request."""
        answer = self._answers[method, path][0]
        assert answer
        return answer

    def asked_for(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (_verb(asked), asked.path) == (method, path)]

    @property
    def changes(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method != "GET"]

    def find(self, asked: Asked) -> Answer | None:
        self.asked.append(asked)
        answers = self._answers.get((_verb(asked), asked.path), [None])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Script(Answers):
    """A whole API. What is not in it is a 404."""

    def __init__(self, **version: str) -> None:
        super().__init__()
        self.on("GET", "/version", reply({"major": "1", "minor": "34", "gitVersion": "v1.34.0", **version}))

    def __call__(self, asked: Asked) -> Answer:
        return self.find(asked) or refuse(404, f"{asked.method} {asked.path} is not in the script")


def _verb(asked: Asked) -> str:
    return "WATCH" if asked.query.get("watch") == "true" else asked.method


async def read_asked(request: web.Request) -> Asked:
    data = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        body: Any = dict(await request.post())
    else:
        body = json.loads(data) if data else None
    return Asked(request.method, request.path, dict(request.query), body, request.headers.get("Authorization"))


@asynccontextmanager
async def serving(handler: Handler, port: int = 0, ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve *handler* on a port of this machine, or on a free one; the URL."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(await read_asked(request))(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=ssl_context)
    await site.start()
    try:
        yield f"{'https' if ssl_context else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def write_kubeconfig(
    path: Path, server: str, *, token: str = TOKEN, namespace: str = "default", **cluster: str
) -> Path:
    """A kubeconfig for *server*. Over HTTP, its token is not sent."""
    if server.startswith("https:"):
        cluster = {"certificate-authority-data": authority_data(), **cluster}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": namespace}}],
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, **cluster}}],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


@asynccontextmanager
async def connected(handler: Handler, folder: Path, **options: Any) -> AsyncIterator[Api]:
    """Our API client, connected to *handler* through the kubeconfig `config` in *folder*, with *options*."""
    async with serving(handler) as server, connected_to(server, folder, **options) as api:
        yield api


@asynccontextmanager
async def connected_to(server: str, folder: Path, **options: Any) -> AsyncIterator[Api]:
    path = write_kubeconfig(folder / "config", server)
    async with await connect(find_kubeconfig(str(path)), **options) as api:
        yield api
