"""A running API server of the test's own, a plain HTTP client to it, and a kubectl."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from errno import ECONNREFUSED
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES, PODS, SERVICE_ACCOUNTS
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.pod_ports import Address
from grpcdemo.sandbox.api.registry import Admit, Registry
from grpcdemo.sandbox.api.server import build_app, serving
from grpcdemo.sandbox.api.status import StatusError, not_found
from grpcdemo.sandbox.api.store import HISTORY, Store
from tests.contract.tools import find_program
from tests.fakes.script import TOKEN

from .samples import NAMESPACE


@dataclass
class FakeNode:
    """Logs of three lines; the container that is called `waiting` has none yet. Notes what it was asked.

    Each port of a pod is where `ports` says. A command writes its arguments, and ends with the code in `codes`.
    """

    asked: list[tuple[str, str, str, LogOptions]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    ports: dict[int, Address] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    """By program."""
    is_asleep: asyncio.Event = field(default_factory=asyncio.Event)
    is_awake: asyncio.Event = field(default_factory=asyncio.Event)
    """The command `sleep` has begun, and has ended."""

    def find_port(self, namespace: str, pod: str, port: int) -> Address:
        if pod != "one":
            raise not_found(PODS, pod)
        if port not in self.ports:
            raise ConnectionRefusedError(ECONNREFUSED, "nobody listens")
        return self.ports[port]

    async def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], write: Callable[[str, bytes], None]
    ) -> int:
        if argv[0] == "sleep":
            await self._sleep()
        if argv[0] not in self.codes:
            raise StatusError("InternalError", f'exec: "{argv[0]}": executable file not found in $PATH')
        write("stdout", " ".join((container, *argv)).encode())
        write("stderr", b"done\n")
        return self.codes[argv[0]]

    async def _sleep(self) -> None:
        self.is_asleep.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.is_awake.set()

    async def read(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        self.asked.append((namespace, pod, container, options))
        if container == "waiting":
            message = f'container "waiting" in pod "{pod}" is waiting to start: ContainerCreating'
            raise StatusError("BadRequest", message)
        try:
            yield b""
            for number in range(3):
                yield f"line {number} of {container}\n".encode()
            if options.follow:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


@dataclass
class Answer:
    code: int
    body: Any
    headers: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])

    @property
    def reason(self) -> str:
        return str(self.body["reason"])

    @property
    def names(self) -> list[str]:
        """The names in a list."""
        return [item["metadata"]["name"] for item in self.body["items"]]


class Client:
    """Asks the API server at *url*, as itself and with its token."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """*options* are `headers`, and parameters of the query."""
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        data = None if body is None else io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        async with self._session.request(
            method, self.url + path, data=data, headers=headers, params=options
        ) as response:
            text = await response.text()
            found = json.loads(text) if response.content_type == "application/json" else text
            return Answer(response.status, found, response.headers)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def create(self, path: str, body: Any, **options: Any) -> Answer:
        return await self.ask("POST", path, body, **options)

    async def patch(self, path: str, body: Any, kind: str, **options: Any) -> Answer:
        return await self.ask("PATCH", path, body, headers={"Content-Type": kind}, **options)

    async def delete(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.ask("DELETE", path, body, **options)

    @asynccontextmanager
    async def stream(self, path: str, *, accept: str = "*/*", **query: Any) -> AsyncIterator[aiohttp.StreamReader]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
        async with self._session.get(self.url + path, headers=headers, params=query) as response:
            assert response.status == 200, await response.text()
            yield response.content

    @asynccontextmanager
    async def watch(self, path: str, **query: Any) -> AsyncIterator[Watched]:
        async with self.stream(path, watch="true", **query) as lines:
            yield Watched(lines)


@dataclass
class Watched:
    lines: aiohttp.StreamReader

    async def next(self) -> Any:
        line = await self.lines.readline()
        assert line, "the watch has ended"
        return json.loads(line)

    async def names(self, count: int) -> list[tuple[str, str]]:
        """The types of the next *count* events, and the names of their objects."""
        events = [await self.next() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


@dataclass
class Sandbox:
    registry: Registry
    store: Store
    node: FakeNode
    client: Client


def forget(store: Store, account: str) -> None:
    """Change a ServiceAccount so often that the store forgets what was before."""
    for number in range(HISTORY + 1):
        found = store.get(SERVICE_ACCOUNTS, NAMESPACE, account)
        found["metadata"]["annotations"] = {"number": str(number)}
        store.update(SERVICE_ACCOUNTS, found)


def admit_all(pod: Object, _: Object) -> Object:
    return pod


def build_registry(admit: Admit = admit_all) -> Registry:
    numbers = count(1)
    return Registry(Store(), admit=admit, allocate_ip=lambda namespace, name: f"10.96.0.{next(numbers)}")


@asynccontextmanager
async def running(ssl_context: ssl.SSLContext | None = None, admit: Admit = admit_all) -> AsyncIterator[Sandbox]:
    registry, node = build_registry(admit), FakeNode()
    registry.create(NAMESPACES, "", {"metadata": {"name": NAMESPACE}})
    app = build_app(registry, token=TOKEN, node=node, version="v1.36.0+sandbox")
    async with serving(app, ssl_context=ssl_context) as url, aiohttp.ClientSession() as session:
        yield Sandbox(registry, registry.store, node, Client(url, session))


@dataclass
class Kubectl:
    home: Path
    node: FakeNode

    async def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """In a thread: the server runs in this event loop."""
        command = (find_program("kubectl"), *arguments)
        run = partial(subprocess.run, command, input=stdin, env=self._env, capture_output=True, text=True, check=False)
        return await asyncio.to_thread(run)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        kubectl = find_program("kubectl")
        return await asyncio.create_subprocess_exec(kubectl, *arguments, stdout=asyncio.subprocess.PIPE, env=self._env)

    @property
    def _env(self) -> dict[str, str]:
        return {"HOME": str(self.home), "KUBECONFIG": str(self.home / "kubeconfig"), "PATH": "/usr/bin:/bin"}
