"""A demo on the hollow cluster whose clients log what the test writes, and an observation of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from grpcdemo.kube.client.api import Api
from grpcdemo.model.observation import Observation
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.observe import ObserveConfig, observe
from grpcdemo.workload.call_log import Call, format_call
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.hollow_node import READY, SLOW_TO_STOP
from tests.fakes.log import FakeLog
from tests.resources.samples import labels

NAMESPACE = "istio-grpc-demo"


class Scene:
    """Servers and clients as pods without a Deployment, so that the test names them."""

    def __init__(self, cluster: HollowCluster, api: Api) -> None:
        self.cluster = cluster
        self.api = api
        self.logs: dict[str, FakeLog] = {}
        cluster.create_namespace(NAMESPACE)

    async def add(self, app: str, *names: str) -> None:
        """Create pods, and wait until they are ready."""
        for name in names:
            metadata, spec = {"labels": labels(app)}, {"containers": [{"name": app, "image": "x"}]}
            self.cluster.create(PODS, NAMESPACE, name, metadata=metadata, spec=spec)
            if app != "grpc-server":
                self.serve_log(name, FakeLog())
        await self.cluster.settle()

    def serve_log(self, client: str, log: FakeLog) -> None:
        self.logs[client] = log
        self.cluster.faults.on("GET", log_path(client), log)

    def pod(self, name: str) -> Object:
        return self.cluster.store.get(PODS, NAMESPACE, name)

    def delete(self, name: str, *, stops: bool = True) -> None:
        """Delete a pod; one that does not stop goes on for its grace period."""
        self.cluster.node.behavior = lambda pod: READY if stops else SLOW_TO_STOP
        self.cluster.registry.delete(PODS, NAMESPACE, name)

    def calls(self, client: str, first: int, *servers: str | None, at_ns: int | None = None) -> None:
        """Log a call to each of *servers*, None for one that failed; *first* is the number of the first."""
        for seq, server in enumerate(servers, first):
            code = "OK" if server else "UNAVAILABLE"
            call = Call(seq, code, server, server and f"ip-of-{server}", 1.0, None)
            self.logs[client].write(format_call(call).encode(), at_ns=at_ns)

    @asynccontextmanager
    async def watching(self, config: ObserveConfig | None = None) -> AsyncIterator[Watching]:
        """An observation that follows every log."""
        async with watching(self.api, config) as watch:
            await watch.until(lambda _: all(log.streams or log.gone for log in self.logs.values()))
            yield watch


def log_path(client: str) -> str:
    return PODS.path(NAMESPACE, client, "log")


class Watching:
    """A running observation."""

    def __init__(self, observations: AsyncGenerator[Observation, None]) -> None:
        self._observations = observations

    async def until(self, condition: Callable[[Observation], bool]) -> Observation:
        async for observation in self._observations:
            if condition(observation):
                return observation
        raise AssertionError("the observation ended before")

    async def responses(self, count: int) -> Observation:
        """Wait until the window has *count* responses."""
        return await self.until(lambda observation: observation.tally.responses == count)

    async def windows(self, count: int) -> Observation:
        return await self.until(lambda observation: observation.windows == count)

    async def to_the_end(self) -> Observation:
        return [observation async for observation in self._observations][-1]


@asynccontextmanager
async def watching(api: Api, config: ObserveConfig | None = None) -> AsyncIterator[Watching]:
    config = config or ObserveConfig()
    quick = replace(
        config,
        snapshot_s=0.001,
        ends=replace(config.ends, look_again_s=0.01),
        follow=replace(config.follow, reopen_s=0.0),
    )
    observations = observe(api, quick)
    assert isinstance(observations, AsyncGenerator)
    try:
        yield Watching(observations)
    finally:
        await observations.aclose()
