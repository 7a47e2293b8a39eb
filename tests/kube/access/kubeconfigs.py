"""Kubeconfigs with one cluster, one user and one context, and what a server saw of a request made with them."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.connect import connect
from tests.fakes.authority import authority, authority_data

SERVER = "https://127.0.0.1:6443"


def write_config(path: Path, user: Mapping[str, Any], cluster: Mapping[str, Any] | None = None, **top: Any) -> Path:
    """A kubeconfig; *cluster* is added to one with a server and the tests' authority, and null takes a field away."""
    described = {"server": SERVER, "certificate-authority-data": authority_data(), **(cluster or {})}
    content = {
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "kind", "user": "jane"}}],
        "clusters": [{"name": "kind", "cluster": {name: text for name, text in described.items() if text is not None}}],
        "users": [{"name": "jane", "user": dict(user)}],
        **top,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


async def load(path: Path, **options: Any) -> None:
    """Do all that is done before the first request."""
    async with await connect(find_kubeconfig(str(path)), environment={}, **options):
        pass


@dataclass
class Recorder:
    """An API server over TLS that notes who asks. It answers 401 to the credentials in *refused*."""

    refused: set[str] = field(default_factory=set)
    seen: list[Mapping[str, Any]] = field(default_factory=list)
    certificates: list[Any] = field(default_factory=list)
    url: str = ""

    @property
    def authorizations(self) -> list[str | None]:
        return [headers.get("Authorization") for headers in self.seen]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.headers)
        assert request.transport
        self.certificates.append(request.transport.get_extra_info("peercert"))
        if request.headers.get("Authorization") in self.refused:
            return web.json_response({"message": "Unauthorized"}, status=401)
        return web.json_response({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})


@asynccontextmanager
async def recording(recorder: Recorder) -> AsyncIterator[Recorder]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1", "api.test").configure_cert(context)
    authority().configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        recorder.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        yield recorder
    finally:
        await runner.cleanup()


async def ask(path: Path, *, times: int = 1) -> None:
    """Send some requests, one after the other."""
    async with await connect(find_kubeconfig(str(path)), environment={}) as api:
        for _ in range(times):
            api._version = None
            await api.version()
