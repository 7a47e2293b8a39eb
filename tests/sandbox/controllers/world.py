"""The controllers on a real store, with a writer, a node and a clock that do no more than these do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS, REPLICA_SETS, SERVICES, Resource
from grpcdemo.resources.times import write_time
from grpcdemo.sandbox.api.status import StatusError, forbidden
from grpcdemo.sandbox.api.store import Event, Store
from grpcdemo.sandbox.controllers.conditions import build_condition, find_condition
from grpcdemo.sandbox.controllers.loop import Controller, Key, run_controllers
from grpcdemo.sandbox.controllers.manager import build_controllers
from grpcdemo.sandbox.controllers.owners import is_deleting

NAMESPACE = "demo"
QUIET_TURNS = 200
"""So many turns of the event loop without a change mean that nobody has anything left to do."""


class ManualClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.timers: list[ManualTimer] = []

    def now(self) -> datetime:
        return self._now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(self._now + timedelta(seconds=delay_s), callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        due = [timer for timer in self.timers if timer.due <= self._now]
        self.timers = [timer for timer in self.timers if timer.due > self._now]
        for timer in due:
            if not timer.cancelled:
                timer.callback()


class ManualTimer:
    def __init__(self, due: datetime, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeWriter:
    """Names, refuses, and deletes as the API does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.refusal: StatusError | None = None
        """What every creation of a pod is answered with."""
        self._names = 0

    def create(self, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False) -> Object:
        if resource.namespaced and is_deleting(self.store.get(NAMESPACES, "", namespace)):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise forbidden(resource, obj["metadata"].get("name", ""), why)
        if resource is PODS and self.refusal:
            raise self.refusal
        metadata = dict(obj["metadata"])
        if resource.namespaced:
            metadata["namespace"] = namespace
        if "name" not in metadata:
            self._names += 1
            metadata["name"] = f"{metadata['generateName']}{self._names:05}"
        return self.store.create(resource, {**obj, "metadata": metadata}, dry_run=dry_run)

    def delete(self, resource: Resource, namespace: str, name: str, *, options: Object | None = None) -> None:
        found = self.store.get(resource, namespace, name)
        added = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(
            (options or {}).get("propagationPolicy", "")
        )
        if added and not is_deleting(found):
            found["metadata"]["finalizers"] = [*found["metadata"].get("finalizers", []), added]
            found = self.store.update(resource, found)
        if resource in (PODS, NAMESPACES) or found["metadata"].get("finalizers"):
            self.store.mark_deleted(resource, namespace, name)
        else:
            self.store.remove(resource, namespace, name)


class FakeNode:
    """Runs every pod: ready at once, gone as soon as it is to go, unless it is told to hold back."""

    name = "node"

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self._store = store
        self._clock = clock
        self._ips = 0
        self.starts: Callable[[Object], bool] = lambda pod: True
        self.stops: Callable[[Object], bool] = lambda pod: True

    def concerns(self, event: Event) -> Iterable[Key]:
        metadata = event.object["metadata"]
        return [(metadata["namespace"], metadata["name"])] if event.resource is PODS else []

    def reconcile(self, namespace: str, name: str) -> None:
        pod = self._store.find(PODS, namespace, name)
        if pod is None:
            return
        if is_deleting(pod):
            if self.stops(pod):
                self._store.remove(PODS, namespace, name)
        elif "status" not in pod:
            self._ips += 1
            pod["spec"]["nodeName"] = "node"
            self.set_ready(pod, self.starts(pod))

    def set_ready(self, pod: Object, ready: bool) -> None:
        now = write_time(self._clock.now())
        condition = build_condition("Ready", str(ready), "", "", now)
        ip = pod.get("status", {}).get("podIP", f"10.0.0.{self._ips}")
        self._store.update(PODS, {**pod, "status": {"phase": "Running", "podIP": ip, "conditions": [condition]}})


class World:
    def __init__(self) -> None:
        self.store = Store()
        self.clock = ManualClock()
        self.writer = FakeWriter(self.store)
        self.node = FakeNode(self.store, self.clock)
        self.create_namespace(NAMESPACE)

    def create_namespace(self, name: str) -> None:
        spec = {"finalizers": ["kubernetes"]}
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": spec}
        self.store.create(NAMESPACES, {**made, "status": {"phase": "Active"}})

    def deploy(self, replicas: int = 3, **spec: object) -> Object:
        return self.writer.create(DEPLOYMENTS, NAMESPACE, build_deployment(replicas, **spec))

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
    """All controllers, and the node, at work."""
    everybody = controllers or [*build_controllers(world.store, world.writer, world.clock), world.node]
    task = asyncio.create_task(run_controllers(world.store, everybody, world.clock))
    try:
        await world.settle()
        yield world
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


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
    return world.writer.create(SERVICES, NAMESPACE, build_service(**spec))


async def history(world: World, since: int) -> list[Event]:
    """Every change after number *since*."""
    events: list[Event] = []
    async for event in world.store.watch(None, since):
        events.append(event)
        if event.version == world.store.version:
            break
    return events
