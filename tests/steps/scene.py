"""Pods and client logs for `observe`, which a test brings forward step by step."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from grpcdemo.kube.api import Api
from grpcdemo.kube.logs import FollowTiming
from grpcdemo.model import Observation
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.workload.call_log import Call, format_call
from tests.fakes.script import Answer, Feed, Object, Script, refuse, reply
from tests.resources.samples import pod

NO_PREVIOUS = refuse(400, "previous terminated container not found")
AT_ONCE = FollowTiming(reopen_s=0.0)
PODS = "/api/v1/namespaces/istio-grpc-demo/pods"


class Scene:
    """Three servers and one client, as long as the test does not say otherwise."""

    def __init__(self, script: Script, *clients: str, servers: tuple[str, ...] = ("a", "b", "c")) -> None:
        self.script = script
        self.logs: dict[str, Feed] = {}
        self._version = 10
        self._watch = Feed()
        self._nanos = 0
        found = [self._pod("grpc-server", name) for name in servers]
        found += [self._client(name) for name in clients or ("x",)]
        script.on("GET", PODS, reply({"metadata": {"resourceVersion": "10"}, "items": found}))
        script.on("WATCH", PODS, self._watch)

    def _pod(self, app: str, name: str) -> Object:
        return pod(name, app=app, ip=f"ip-of-{name}")

    def _client(self, name: str) -> Object:
        feed = self.logs[name] = Feed()

        async def log(request: web.Request) -> web.StreamResponse:
            return await (NO_PREVIOUS if "previous" in request.query else feed)(request)

        self.log(name, log)
        return self._pod("grpc-client", name)

    def log(self, client: str, *answers: Answer) -> None:
        self.script.on("GET", f"{PODS}/{client}/log", *answers)

    def calls(self, client: str, first: int, *servers: str | None, code: str = "OK") -> None:
        """The client logs a call to each of *servers*; the number of the first is *first*."""
        for seq, server in enumerate(servers, first):
            self._nanos += 1
            call = Call(seq, code, server, server and f"ip-of-{server}", 1.0, None)
            line = f"2026-05-04T10:11:12.{self._nanos:09d}Z {format_call(call)}\n"
            self.logs[client].send(line.encode())

    def server(self, event: str, name: str, **status: object) -> None:
        self._event(event, {**self._pod("grpc-server", name), **status})

    def client(self, event: str, name: str) -> None:
        self._event(event, self._client(name) if event == "ADDED" else self._pod("grpc-client", name))

    def deleting(self, app: str, name: str) -> None:
        """The pod is asked to end; it may go on for its grace period."""
        found = self._pod(app, name)
        found["metadata"]["deletionTimestamp"] = "2026-05-04T10:20:00Z"
        self._event("MODIFIED", found)

    def end_log(self, client: str) -> None:
        """The pod is gone, and so is its log."""
        self.logs[client].end()
        self.log(client, refuse(404, f'pods "{client}" not found'))

    def _event(self, event: str, found: Object) -> None:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        self._watch.event(event, found)


class Watching:
    """An observation that goes on."""

    def __init__(self, seen: AsyncGenerator[Observation, None]) -> None:
        self._seen = seen

    async def until(self, wanted: Callable[[Observation], bool]) -> Observation:
        async for seen in self._seen:
            if wanted(seen):
                return seen
        raise AssertionError("the observation ended before")

    async def to_the_end(self) -> Observation:
        return [seen async for seen in self._seen][-1]


@asynccontextmanager
async def watching(api: Api, config: ObserveConfig | None = None) -> AsyncIterator[Watching]:
    seen = observe(api, replace(config or ObserveConfig(), snapshot_s=0.001, look_again_s=0.01, follow=AT_ONCE))
    assert isinstance(seen, AsyncGenerator)
    try:
        yield Watching(seen)
    finally:
        await seen.aclose()
