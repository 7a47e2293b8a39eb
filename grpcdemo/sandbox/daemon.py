"""The sandbox's daemon: control plane, kubelet and proxy in one process, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path

import trustme

from grpcdemo import __version__
from grpcdemo.errors import GrpcdemoError
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.api.server import serving
from grpcdemo.sandbox.control_plane import ControlPlane
from grpcdemo.sandbox.controllers.events import Recorder, Severity
from grpcdemo.sandbox.dns import answering_queries
from grpcdemo.sandbox.kubelet.host import NODE, KubeletConfig, RecordEvent
from grpcdemo.sandbox.kubelet.kubelet import Kubelet
from grpcdemo.sandbox.limits import raise_file_limit
from grpcdemo.sandbox.network import reserve_network, wants_ports
from grpcdemo.sandbox.proxy.agent import GrpcAgent
from grpcdemo.sandbox.proxy.node_proxy import NodeProxy
from grpcdemo.sandbox.proxy.sidecar import STATUS_PORT
from grpcdemo.sandbox.state import State, acquire, clear, write_kubeconfig

log = logging.getLogger(__name__)

KUBERNETES = "v1.36.0"
"""The version of the API that the sandbox imitates."""
PORTS = (50051, 50052, STATUS_PORT)
"""What pods listen on. If another process has one of these on every address, pods get ports instead of addresses."""


async def serve(state: State, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve the sandbox of *state* until *stop*; calls *ready* once every part takes requests.

    Raises GrpcdemoError if it cannot start, and the exception that ends one of its parts.
    """
    raise_file_limit()
    lock = acquire(state)
    os.dup(lock.fileno())  # stays open, so the lock is free only when this process has ended
    os.chdir(state.root)  # a socket's path must be short, so it is relative
    try:
        lock.write(str(os.getpid()))
        lock.flush()
        await _serve(state, ready, stop)
    except OSError as error:
        log.exception("the sandbox ends")
        raise GrpcdemoError(f"the sandbox cannot continue: {error}") from error
    finally:
        clear(state)
        lock.close()


async def _serve(state: State, ready: Callable[[], None], stop: asyncio.Event) -> None:
    network = reserve_network(virtual=wants_ports(), needed=PORTS)
    plane = ControlPlane(allocate_ip=network.service_address)
    proxy = NodeProxy(plane.store, network, state.run / "proxy")
    token = secrets.token_urlsafe(32)
    async with AsyncExitStack() as stack:
        dns = None if network.virtual else await stack.enter_async_context(answering_queries(plane.store))
        agent = await stack.enter_async_context(GrpcAgent(plane.store, network, plane.injector_ip))
        config = KubeletConfig(dns=dns, agent=agent)
        kubelet = Kubelet(plane.store, network, state.run / "pods", build_record(plane), config=config)
        app = plane.build_app(kubelet, token=token, version=f"{KUBERNETES}+sandbox.{__version__}")
        parts = await stack.enter_async_context(_Running(plane.run_controllers(), kubelet.run(), proxy.run()))
        await parts.until(proxy.ready, stop)
        if stop.is_set():
            raise GrpcdemoError("it was stopped while it started")
        authority = trustme.CA(organization_name="grpcdemo sandbox", path_length=0)
        server = await stack.enter_async_context(serving(app, ssl_context=_server_tls(authority, state.run)))
        write_kubeconfig(state, server=server, certificate=authority.cert_pem.bytes(), token=token)
        ready()
        await parts.until(stop)


class _Running:
    """Runs the parts as tasks; the end of one ends all. An async context manager."""

    def __init__(self, *parts: Coroutine[None, None, None]) -> None:
        self._parts = parts
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> _Running:
        self._tasks = [asyncio.create_task(part) for part in self._parts]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, *events: asyncio.Event) -> None:
        """Wait for the first of *events*. Raises the exception of a part that ends before."""
        waiting = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait([*waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waiting:
                wait.cancel()
        for task in self._tasks:
            if task.done():
                task.result()


def build_record(plane: ControlPlane) -> RecordEvent:
    """How the kubelet records events."""
    recorder = Recorder(plane.registry, plane.clock, "kubelet", host=NODE)

    def record(about: Object, field: str, severity: Severity, reason: str, message: str) -> None:
        recorder.record(severity, PODS, about, reason, message, field=field)

    return record


def _server_tls(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    """Python reads a key only from a file, so it is in the private *folder* briefly."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = authority.issue_cert("127.0.0.1", "localhost", organization_name="grpcdemo sandbox")
    with certificate.private_key_and_cert_chain_pem.tempfile(dir=str(folder)) as path:
        context.load_cert_chain(path)
    return context
