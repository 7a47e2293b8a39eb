"""The controllers on a hollow cluster with a clock of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.conditions import find_condition
from grpcdemo.sandbox.controllers.loop import Controller, run_controllers
from tests.fakes.clock import ManualClock
from tests.fakes.hollow_cluster import HollowCluster

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

    def change(self, change: Callable[[Object], object]) -> None:
        """Change the Deployment's spec."""
        deployment = self.deployment()
        change(deployment["spec"])
        self.store.update(DEPLOYMENTS, deployment)

    def restart(self, at: str) -> None:
        self.change(lambda spec: spec["template"]["metadata"].update(annotations={"restartedAt": at}))

    def pods(self) -> list[Object]:
        return self.store.list(PODS, NAMESPACE)

    def replica_sets(self) -> list[Object]:
        return self.store.list(REPLICA_SETS, NAMESPACE)

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
    async with world.working():
        await world.settle()
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


async def history(world: World, since: int) -> list[Event]:
    """Every change after number *since*."""
    events: list[Event] = []
    async for event in world.store.watch(None, since):
        events.append(event)
        if event.version == world.store.version:
            break
    return events
