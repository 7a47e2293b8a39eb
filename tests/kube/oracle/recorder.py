"""An API server that notes who comes and how, and proxies that note what goes through them."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import trustme
from aiohttp import web

NAMES = ("127.0.0.1", "localhost", "api.test", "other.test")
"""Whom the server's certificate is for."""
DISCOVERY = "/.well-known/openid-configuration"
VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}


@dataclass(frozen=True)
class Arrived:
    """What the server learned from one request."""

    path: str
    authorization: str | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    client: str | None = None
    """The common name in the client's certificate."""
    server_name: str | None = None
    is_compressed: bool = False


@dataclass
class Recorder:
    """Answers every request with *answer*, or else with *status*, or with that for its Authorization in *statuses*."""

    answer: dict[str, Any] = field(default_factory=lambda: dict(VERSION))
    status: int = 200
    statuses: dict[str | None, int] = field(default_factory=dict)
    issuer: str = ""
    """What the server calls itself as a provider of ID tokens, if not by the address that it was asked at."""
    tokens: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Its answers to refresh tokens, in their order; the last one is given from then on."""
    arrived: list[Arrived] = field(default_factory=list)
    tunnels: list[str] = field(default_factory=list)
    """For each connection through a proxy: its kind, the target, and the credentials."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.arrived.append(_arrived(request))
        if request.path == DISCOVERY:
            issuer = self.issuer or str(request.url.origin())
            return web.json_response({"issuer": issuer, "token_endpoint": str(request.url.with_path("/token"))})
        if request.path == "/token":
            status, answer = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
            return web.json_response(answer, status=status)
        status = self.statuses.get(request.headers.get("Authorization"), self.status)
        if status == 200:
            return web.json_response(self.answer)
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "refused"}
        return web.json_response(body, status=status)


def _arrived(request: web.Request) -> Arrived:
    assert request.transport is not None
    certificate = request.transport.get_extra_info("peercert") or {}
    tls = request.transport.get_extra_info("ssl_object")
    names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    return Arrived(
        path=request.path,
        authorization=request.headers.get("Authorization"),
        impersonation=tuple(
            sorted(
                (name.title(), value) for name, value in request.headers.items() if name.title().startswith("Impers")
            )
        ),
        client=names[0] if names else None,
        server_name=getattr(tls, "asked_name", None),
        is_compressed="gzip" in request.headers.get("Accept-Encoding", ""),
    )


@cache
def authority() -> trustme.CA:
    return trustme.CA()


@cache
def stranger() -> trustme.CA:
    """An authority that nobody trusts."""
    return trustme.CA(organization_name="stranger")


@cache
def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(*NAMES).configure_cert(context)
    authority().configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL

    def note_name(tls: Any, name: str | None, _: ssl.SSLContext) -> None:
        tls.asked_name = name

    context.sni_callback = note_name
    return context


@dataclass(frozen=True)
class Ports:
    """Where all of them listen."""

    server: int
    plain: int
    proxy: int
    tls_proxy: int
    socks: int


@asynccontextmanager
async def listening(recorder: Recorder) -> AsyncIterator[Ports]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        for tls in (_server_context(), None):
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        server, plain = (address[1] for address in runner.addresses)
        tunnels = Tunnels(recorder, server)
        ports = [
            await stack.enter_async_context(tunnels.proxy("http")),
            await stack.enter_async_context(tunnels.proxy("https", _server_context())),
            await stack.enter_async_context(tunnels.proxy("socks5")),
        ]
        yield Ports(server, plain, *ports)


class Tunnels:
    """Proxies. Whatever target they are asked for, they connect to *port* on this machine."""

    def __init__(self, recorder: Recorder, port: int) -> None:
        self._recorder = recorder
        self._port = port

    @asynccontextmanager
    async def proxy(self, kind: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """The port of a proxy of this *kind*."""
        greet = self._greet_socks if kind == "socks5" else self._greet_http
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = cast("asyncio.Task[None]", asyncio.current_task())
            tasks.add(task)
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                self._recorder.tunnels.append(f"{kind} {await greet(reader, writer)}")
                await self._connect(reader, writer)
            writer.close()

        listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _greet_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        request, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = request.split()
        assert method == "CONNECT"
        credentials = [line.split(": ")[1] for line in headers if line.lower().startswith("proxy-authorization")]
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        return " ".join([target, *credentials])

    async def _greet_socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        _, count = await reader.readexactly(2)
        methods, credentials = await reader.readexactly(count), []
        if 2 in methods:
            writer.write(b"\x05\x02")
            await reader.readexactly(1)
            credentials = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in "up"]
            writer.write(b"\x01\x00")
        else:
            writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        address = await reader.readexactly(length)
        port = int.from_bytes(await reader.readexactly(2), "big")
        host = address.decode() if kind == 3 else ".".join(map(str, address))
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return " ".join([f"{host}:{port}", *filter(None, [":".join(credentials)])])

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    writer.close()


def credential(token: str = "", **status: str) -> str:
    """What an exec plugin prints."""
    said = {"token": token, **status} if token else status
    return json.dumps({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": said})


def id_token(expires: int | None) -> str:
    """An ID token that nobody has signed."""
    parts = ("{}", json.dumps({} if expires is None else {"exp": expires}), "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
