"""The sandbox's API server: authenticates, routes, and answers every failure with a `Status`."""

from __future__ import annotations

import hmac
import logging
import platform
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api import discovery, openapi
from grpcdemo.sandbox.api.commands import Commands, PodCommands
from grpcdemo.sandbox.api.endless import EndlessRequests
from grpcdemo.sandbox.api.logs import LogSource
from grpcdemo.sandbox.api.negotiation import add_warning, answer
from grpcdemo.sandbox.api.paths import find_place
from grpcdemo.sandbox.api.pod_ports import PodPorts
from grpcdemo.sandbox.api.pod_proxy import PodProxy
from grpcdemo.sandbox.api.port_forwards import PortForwards
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.served import WARNINGS
from grpcdemo.sandbox.api.status import StatusError, no_such_method, no_such_path
from grpcdemo.sandbox.api.streams import Streams
from grpcdemo.sandbox.api.verbs import Call, Verbs, choose_verb
from grpcdemo.sandbox.network import HOST_IP

LARGEST_BODY = 3 * 1024 * 1024
"""A cluster's limit."""
GRACE_S = 1.0
"""How long requests may take to end when the server stops; watches are cut at once."""


class Node(LogSource, PodCommands, PodPorts, Protocol):
    """What runs the pods: it has their logs, runs commands in them, and knows the way to their ports."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


def build_app(registry: Registry, *, token: str, node: Node, version: str) -> web.Application:
    """*version* is what `kubectl version` shows, such as `v1.36.0+sandbox`.

    Serve it with `serving`, which ends a watch when its client disconnects; other runners may not.
    """
    endless = EndlessRequests()
    verbs, streams = Verbs(registry), Streams(registry.store, node, endless)
    commands = Commands(registry.store, node, endless)
    forwards, proxy = PortForwards(node, endless), PodProxy(registry.store, node)
    by_verb = {
        "get": verbs.get,
        "list": verbs.list_kind,
        "watch": streams.watch,
        "create": verbs.create,
        "update": verbs.update,
        "patch": verbs.patch,
        "delete": verbs.delete,
        "deletecollection": verbs.delete_collection,
        "exec": commands.execute,
        "log": streams.log,
        "portforward": forwards.forward,
        "proxy": proxy.pass_on,
    }

    async def handle(request: web.Request) -> web.StreamResponse:
        if fixed := _fixed(request, version):
            return fixed
        call = Call(request, find_place(request.path))
        return await by_verb[choose_verb(call)](call)

    app = web.Application(middlewares=[_refusals, _authentication(token)], client_max_size=LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", handle)
    app.on_response_prepare.append(_warn)
    app.on_shutdown.append(endless.close)
    return app


@asynccontextmanager
async def serving(
    app: web.Application, *, ssl_context: ssl.SSLContext | None = None, grace_s: float = GRACE_S
) -> AsyncIterator[str]:
    """Serve *app* on a free port of this machine while the context lasts; the value is its URL."""
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=grace_s)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST_IP, 0, ssl_context=ssl_context).start()
        port = runner.addresses[0][1]
        yield f"{'https' if ssl_context else 'http'}://{HOST_IP}:{port}"
    finally:
        await runner.cleanup()


def _authentication(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise StatusError("Unauthorized", "Unauthorized")
        if any(name.startswith("Impersonate-") for name in map(str.title, request.headers)):
            raise StatusError("Forbidden", "the sandbox has one user, who cannot act as another")
        return await handler(request)

    return authenticate


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a failure with a Status, and log an unexpected one."""
    try:
        return await handler(request)
    except StatusError as error:
        refused = error
    except web.HTTPRequestEntityTooLarge:
        message = f"Request entity too large: limit is {LARGEST_BODY}"
        refused = StatusError("RequestEntityTooLarge", message)
    except web.HTTPException:
        raise
    except ConnectionResetError:  # the client disconnected
        return web.Response()
    except Exception as error:
        log.exception("%s %s", request.method, request.path)
        refused = StatusError("InternalError", f"Internal error occurred: {error}")
    return answer(refused.body(), code=refused.code)


async def _warn(request: web.Request, response: web.StreamResponse) -> None:
    """Before the first byte, so that a watch also warns."""
    with suppress(StatusError):  # an unknown path has no warning
        if warning := WARNINGS.get(find_place(request.path).resource):
            add_warning(response, warning)


def _fixed(request: web.Request, version: str) -> web.Response | None:
    """The answers that do not depend on the store; None for the paths of stored objects."""
    path = request.path.rstrip("/") or "/"
    if path in ("/healthz", "/livez", "/readyz"):
        body: Object | str | None = "ok"
    elif path == "/version":
        body = _version(version)
    elif path.startswith("/openapi/"):
        body = _openapi(path)
    else:
        body = _discovery(request, path)
    if body is None:
        return None
    if request.method != "GET":
        raise no_such_method()
    return web.Response(text=body) if isinstance(body, str) else answer(body)


def _discovery(request: web.Request, path: str) -> Object | None:
    if path == "/api":
        return discovery.core_versions(request.host)
    if path == "/apis":
        return discovery.group_list()
    if match := re.fullmatch(r"/api/(v1)|/apis/([^/]+/[^/]+)", path):
        return discovery.resource_list(match[1] or match[2])
    if match := re.fullmatch(r"/apis/([^/]+)", path):
        return discovery.group(match[1])
    return None


def _openapi(path: str) -> Object:
    if path == "/openapi/v3":
        return openapi.openapi_index()
    if path.startswith("/openapi/v3/"):
        return openapi.openapi_document(path.removeprefix("/openapi/v3/"))
    raise no_such_path()


def _version(text: str) -> Object:
    major, minor = text.lstrip("v").split(".")[:2]
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "major": major,
        "minor": minor,
        "gitVersion": text,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "python",
        "platform": f"{platform.system().lower()}/{machine}",
    }
