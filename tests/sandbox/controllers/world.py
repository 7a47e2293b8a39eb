"""The controllers on a hollow cluster with a clock of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS, REPLICA_SETS, SERVICES
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.conditions import find_condition
from grpcdemo.sandbox.controllers.loop import Controller, run_controllers
from tests.fakes.clock import ManualClock
from tests.fakes.hollow_cluster import HollowCluster

NAMESPACE = "demo"
QUIET_TURNS = 200
"""So many turns of the event loop without a change mean that nobody has anything left to do."""


class World(HollowCluster):
    """A hollow cluster whose time a test moves, and the Deployment `server`."""

    clock: ManualClock

    def __init__(self) -> None:
        super().__init__(ManualClock())
        self.create_namespace(NAMESPACE)

    def create_namespace(self, name: str) -> None:
        self.registry.create(NAMESPACES, "", {"metadata": {"name": name}})

    def refuse_pods(self, error: StatusError) -> None:
        def refuse(_: Object) -> None:
            raise error

        self.policy = refuse

    def accept_pods(self) -> None:
        self.policy = lambda pod: None

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

    async def settle(self) -> None:
        """Until nobody has anything left to do."""
        quiet, version = 0, self.store.version
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            quiet = quiet + 1 if version == self.store.version else 0
            version = self.store.version

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle()


@contextlib.asynccontextmanager
async def running(world: World, controllers: Sequence[Controller] | None = None) -> AsyncIterator[World]:
    """All controllers, and the node, at work; or these controllers alone."""
    parts = [run_controllers(world.store, controllers, world.clock)] if controllers else [*world.parts()]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await world.settle()
        yield world
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
