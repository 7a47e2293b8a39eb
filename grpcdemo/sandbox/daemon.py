"""The one process of the sandbox: all its rooms put together, served until it is told to end."""

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
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINT_SLICES, MUTATING_WEBHOOKS, NAMESPACES, PODS, SERVICES, Resource
from grpcdemo.sandbox.admission import ONLY_OURS, default_webhooks, inject, service_fault
from grpcdemo.sandbox.api.bodies import Schema
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.server import build_app, serving
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.controllers.clock import WallClock
from grpcdemo.sandbox.controllers.events import Recorder
from grpcdemo.sandbox.controllers.loop import run_controllers
from grpcdemo.sandbox.controllers.manager import build_controllers
from grpcdemo.sandbox.kubelet.kubelet import Kubelet
from grpcdemo.sandbox.kubelet.settings import NODE, Record, Severity
from grpcdemo.sandbox.limits import raise_file_limit
from grpcdemo.sandbox.network import Network, claim_network, wants_ports
from grpcdemo.sandbox.proxy.node_proxy import NodeProxy
from grpcdemo.sandbox.proxy.sidecar import IMAGE, STATUS_PORT
from grpcdemo.sandbox.state import State, claim, clear, write_kubeconfig

log = logging.getLogger(__name__)

KUBERNETES = "v1.36.0"
"""The version whose API is imitated."""
SYSTEM = "sandbox-system"
INJECTOR = "sandbox-injector"
PORTS = (50051, 50052, STATUS_PORT)
"""What pods listen on. Where somebody has one of these on every address, pods get ports instead of addresses."""


async def serve(state: State, schema: Schema, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve the sandbox of *state* until *stop*; calls *ready* once every part takes requests.

    Raises GrpcdemoError where it cannot start, and whatever ends one of its parts.
    """
    raise_file_limit()
    lock = claim(state)
    os.dup(lock.fileno())  # is never closed: whoever waits for the lock waits for the end of this process
    os.chdir(state.root)  # paths of sockets must be short, and a relative one is
    try:
        lock.write(str(os.getpid()))
        lock.flush()
        await _serve(state, schema, ready, stop)
    except OSError as error:
        log.exception("the sandbox ends")
        raise GrpcdemoError(f"the sandbox cannot go on: {error}") from error
    finally:
        clear(state)
        lock.close()


async def _serve(state: State, schema: Schema, ready: Callable[[], None], stop: asyncio.Event) -> None:
    network = claim_network(virtual=wants_ports(), needed=PORTS)
    store = Store()
    registry = build_registry(store, network)
    seed(registry)
    clock = WallClock()
    kubelet = Kubelet(store, network, state.run / "pods", build_record(store, registry, clock))
    proxy = NodeProxy(store, network, state.run / "proxy")
    token = secrets.token_urlsafe(32)
    app = build_app(
        registry, token=token, log_source=kubelet, version=f"{KUBERNETES}+sandbox.{__version__}", schema=schema
    )
    async with AsyncExitStack() as stack:
        controllers = run_controllers(store, build_controllers(store, registry, clock), clock)
        parts = await stack.enter_async_context(_Running(controllers, kubelet.run(), proxy.run()))
        await parts.until(proxy.ready, stop)
        if stop.is_set():
            raise GrpcdemoError("it was told to end while it started")
        authority = trustme.CA(organization_name="grpcdemo sandbox", path_length=0)
        server = await stack.enter_async_context(serving(app, ssl_context=_server_tls(authority, state.run)))
        write_kubeconfig(state, server=server, certificate=authority.cert_pem.bytes(), token=token)
        ready()
        await parts.until(stop)


class _Running:
    """The parts, each a task; the end of one is the end of all. An async context manager."""

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
        """Wait for the first of *events*; raises what a part ended with, should one end before."""
        waiting = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait([*waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for found in waiting:
                found.cancel()
        for task in self._tasks:
            if task.done():
                task.result()


def build_registry(store: Store, network: Network) -> Registry:
    """The registry whose pods the sandbox's injector admits."""

    def fault(namespace: str, name: str) -> str | None:
        slices = [
            found
            for found in store.list(ENDPOINT_SLICES, namespace)
            if (found["metadata"].get("labels") or {}).get(SERVICE_NAME) == name
        ]
        own = (namespace, name) == (SYSTEM, INJECTOR)
        return service_fault(store.find(SERVICES, namespace, name), name, slices) or (None if own else ONLY_OURS)

    def admit(pod: Object, namespace: Object) -> Object:
        return inject(pod, namespace, store.list(MUTATING_WEBHOOKS), fault=fault, image=IMAGE)

    return Registry(store, admit=admit, allocate_ip=network.service_address)


def seed(registry: Registry) -> None:
    """What a new cluster has, and an injector behind its Service, which here is the daemon itself."""
    for name in ("default", SYSTEM):
        registry.create(NAMESPACES, "", _object(NAMESPACES, name))
    service = {"spec": {"ports": [{"name": "https-webhook", "port": 443}]}}
    registry.create(SERVICES, SYSTEM, _object(SERVICES, INJECTOR, namespace=SYSTEM, **service))
    labels = {SERVICE_NAME: INJECTOR}
    endpoints = [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]
    slice_ = _object(ENDPOINT_SLICES, INJECTOR, namespace=SYSTEM, addressType="IPv4", endpoints=endpoints, ports=[])
    slice_["metadata"]["labels"] = labels
    registry.create(ENDPOINT_SLICES, SYSTEM, slice_)
    registry.create(MUTATING_WEBHOOKS, "", default_webhooks(namespace=SYSTEM, service=INJECTOR))


def build_record(store: Store, registry: Registry, clock: WallClock) -> Record:
    """How the kubelet tells events."""
    recorder = Recorder(store, registry, clock, "kubelet", host=NODE)

    def record(about: Object, field: str, severity: Severity, reason: str, message: str) -> None:
        tell = recorder.normal if severity == "Normal" else recorder.warning
        tell(PODS, about, reason, message, field=field)

    return record


def _object(resource: Resource, name: str, *, namespace: str | None = None, **fields: object) -> Object:
    metadata: Object = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **fields}


def _server_tls(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    """Python reads a key only from a file: it lies in the private *folder* for a moment, and nowhere else."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = authority.issue_cert("127.0.0.1", "localhost", organization_name="grpcdemo sandbox")
    with certificate.private_key_and_cert_chain_pem.tempfile(dir=str(folder)) as path:
        context.load_cert_chain(path)
    return context
