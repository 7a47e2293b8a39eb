"""The controllers on a hollow cluster with a clock of the test's own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS, SERVICES
from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.controllers.conditions import find_condition
from grpcdemo.sandbox.controllers.loop import Controller, run_controllers
from grpcdemo.sandbox.controllers.revision import REVISION
from tests.fakes.clock import ManualClock
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.hollow_node import READY, Behavior

NAMESPACE = "demo"


class World(HollowCluster):
    """A hollow cluster whose time a test moves, and the Deployment `server`."""

    clock: ManualClock

    def __init__(self) -> None:
        super().__init__(ManualClock())
        self.create_namespace(NAMESPACE)

    def deploy(self, replicas: int = 3, **spec: object) -> Object:
        return self.registry.create(DEPLOYMENTS, NAMESPACE, build_deployment(replicas, **spec))

    def deployment(self) -> Object:
        return self.store.get(DEPLOYMENTS, NAMESPACE, "server")

    async def change(self, change: Callable[[Object], object]) -> None:
        """Change the Deployment's spec, and settle."""
        deployment = self.deployment()
        change(deployment["spec"])
        self.store.update(DEPLOYMENTS, deployment)
        await self.settle()

    async def restart(self, at: str = "now") -> None:
        await self.change(lambda spec: spec["template"]["metadata"].update(annotations={"restartedAt": at}))

    def pods(self) -> list[Object]:
        return self.store.list(PODS, NAMESPACE)

    def replica_sets(self) -> list[Object]:
        return self.store.list(REPLICA_SETS, NAMESPACE)

    def told(self, kind: str = "Deployment") -> list[str]:
        """Reason and message of each event about an object of this *kind*."""
        events = [event for event in self.store.list(EVENTS, NAMESPACE) if event["involvedObject"]["kind"] == kind]
        return [f"{event['reason']}: {event['message']}" for event in events]

    def notes(self) -> list[dict[str, str]]:
        """The annotations of the ReplicaSets, by revision."""
        annotations = [replica_set["metadata"]["annotations"] for replica_set in self.replica_sets()]
        return sorted(annotations, key=lambda each: int(each[REVISION]))

    def condition(self, kind: str) -> tuple[str, str] | None:
        found = find_condition(self.deployment().get("status", {}), kind)
        return (found["status"], found["reason"]) if found else None

    def make_ready(self) -> None:
        for pod in self.pods():
            self.node.set_ready(pod, True)

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle()


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    """At the end, nobody has changed what the store showed to be read alone."""
    async with world.working():
        await world.settle()
        yield world
        assert all(world.store.scan(resource) == world.store.list(resource) for resource in STORED)


@contextlib.asynccontextmanager
async def deployed(
    replicas: int, *, behavior: Behavior = READY, service: Object | None = None, **spec: object
) -> AsyncIterator[World]:
    """A world in which the Deployment has settled, with the fields *spec*, behind a Service with the fields
    *service*."""
    world = World()
    world.node.behavior = lambda pod: behavior
    if service is not None:
        serve(world, **service)
    world.deploy(replicas, **spec)
    async with running(world):
        yield world


@contextlib.asynccontextmanager
async def running_only(world: World, *controllers: Controller) -> AsyncIterator[None]:
    """These controllers at work, and no node."""
    task = asyncio.create_task(run_controllers(world.store, controllers, world.clock))
    try:
        await world.settle()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def build_deployment(replicas: int = 3, **spec: object) -> Object:
    labels = {"app": "server"}
    container = {"name": "server", "image": "server:1", "ports": [{"name": "grpc", "containerPort": 50051}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "server", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            **spec,
        },
    }


def build_service(**spec: object) -> Object:
    port = {"name": "grpc", "port": 50051, "targetPort": "grpc", "protocol": "TCP", "appProtocol": "grpc"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server", "namespace": NAMESPACE, "labels": {"team": "red"}},
        "spec": {"selector": {"app": "server"}, "ports": [port], **spec},
    }


def serve(world: World, **spec: object) -> Object:
    return world.registry.create(SERVICES, NAMESPACE, build_service(**spec))
