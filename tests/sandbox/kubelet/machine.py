"""A store, a kubelet and a node's proxy on this machine, with no API server and no controllers around them.

The test writes what these would write: pods, Services, and the EndpointSlices behind them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpcdemo.manifests import images
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import ENDPOINT_SLICES, PODS, SERVICES
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.child import LAUNCH
from grpcdemo.sandbox.kubelet.host import NODE, KubeletConfig
from grpcdemo.sandbox.kubelet.kubelet import Kubelet
from grpcdemo.sandbox.network import Network, reserve_network
from grpcdemo.sandbox.proxy.node_proxy import NodeProxy
from grpcdemo.sandbox.proxy.sidecar import IMAGE as PROXY_IMAGE
from grpcdemo.sandbox.proxy.sidecar import READY_PATH, STATUS_PORT
from grpcdemo.workload.call_log import Call
from tests.workload.call_line import parse_call

PATIENCE_S = 120
"""How long to wait for what must come. No test passes or fails by speed."""

NAMESPACE = "demo"
SERVER_IMAGE = images.image_reference(images.SERVER_IMAGE)
CLIENT_IMAGE = images.image_reference(images.CLIENT_IMAGE)
BACKOFF_S = 0.05


@dataclass
class Machine:
    store: Store
    network: Network
    kubelet: Kubelet
    events: list[tuple[str, str, str, str]] = field(default_factory=list)
    """The pod's name, the type, the reason and the message of each."""

    def create_pod(self, name: str, *containers: Object, sidecar: bool = False, **spec: Any) -> None:
        made: Object = {"nodeName": NODE, "containers": list(containers), "terminationGracePeriodSeconds": 10, **spec}
        if sidecar:
            made["initContainers"] = [build_proxy()]
        metadata = {"name": name, "namespace": NAMESPACE}
        self.store.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made})

    def create_server(self, name: str, *, sidecar: bool = False) -> None:
        self.create_pod(name, build_server(), sidecar=sidecar)

    def create_client(self, name: str, *, sidecar: bool = False) -> None:
        self.create_pod(name, build_client(), sidecar=sidecar)

    def create_service(self, name: str = "grpc-server") -> None:
        port = {"name": "grpc", "port": 50051, "targetPort": 50051, "protocol": "TCP", "appProtocol": "grpc"}
        spec = {"clusterIP": self.network.service_address(NAMESPACE, name), "ports": [port]}
        metadata = {"name": name, "namespace": NAMESPACE}
        self.store.create(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})

    def publish(self, *pods: str, service: str = "grpc-server") -> None:
        """Let these pods stand behind the Service, and no others."""
        addresses = [self.pod(name)["status"]["podIP"] for name in pods]
        made = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": service, "namespace": NAMESPACE, "labels": {SERVICE_NAME: service}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ip], "conditions": {"ready": True}} for ip in addresses],
            "ports": [{"name": "grpc", "port": 50051, "protocol": "TCP"}],
        }
        if self.store.find(ENDPOINT_SLICES, NAMESPACE, service):
            self.store.update(ENDPOINT_SLICES, made)
        else:
            self.store.create(ENDPOINT_SLICES, made)

    def pod(self, name: str) -> Object:
        return self.store.get(PODS, NAMESPACE, name)

    def delete(self, name: str, grace_s: int = 10) -> None:
        self.store.mark_deleted(PODS, NAMESPACE, name, grace_s=grace_s)

    async def until(self, name: str, wanted: Callable[[Object], bool]) -> Object:
        """The pod, in the first state in which it is as *wanted*."""
        since, found = self.store.version, self.pod(name)
        if wanted(found):
            return found
        return await asyncio.wait_for(self._next(name, since, wanted), PATIENCE_S)

    async def until_ready(self, *names: str) -> list[Object]:
        return [await self.until(name, is_ready) for name in names]

    async def until_gone(self, name: str) -> None:
        await asyncio.wait_for(self._wait_gone(name, self.store.version), PATIENCE_S)

    def events_of(self, name: str) -> list[tuple[str, str]]:
        return [(reason, message) for pod, _, reason, message in self.events if pod == name]

    async def log(self, pod: str, container: str, **options: Any) -> str:
        return b"".join(
            [piece async for piece in self.kubelet.read(NAMESPACE, pod, container, LogOptions(**options))]
        ).decode()

    async def calls(self, pod: str, count: int, container: str = "grpc-client") -> list[Call]:
        """The first *count* calls of a client that were answered."""
        return await asyncio.wait_for(self._read_calls(pod, container, count), PATIENCE_S)

    async def calls_until(self, pod: str, wanted: Callable[[Call], bool], container: str = "grpc-client") -> Call:
        return await asyncio.wait_for(self._find_call(pod, container, wanted), PATIENCE_S)

    async def _read_calls(self, pod: str, container: str, count: int) -> list[Call]:
        found: list[Call] = []
        async for call in self._follow_calls(pod, container):
            if call.code == "OK":
                found.append(call)
            if len(found) == count:
                return found
        raise AssertionError(f"the log of {pod} ended after {len(found)} calls")

    async def _find_call(self, pod: str, container: str, wanted: Callable[[Call], bool]) -> Call:
        async for call in self._follow_calls(pod, container):
            if wanted(call):
                return call
        raise AssertionError(f"the log of {pod} ended")

    async def _follow_calls(self, pod: str, container: str) -> AsyncIterator[Call]:
        async with contextlib.aclosing(self.kubelet.read(NAMESPACE, pod, container, LogOptions(follow=True))) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                for line in piece.decode().splitlines():
                    if call := parse_call(line):
                        yield call

    async def _next(self, name: str, since: int, wanted: Callable[[Object], bool]) -> Object:
        async for event in self.store.watch(PODS, since):
            if event.object["metadata"]["name"] == name and event.type != "DELETED" and wanted(event.object):
                return event.object
        raise AssertionError

    async def _wait_gone(self, name: str, since: int) -> None:
        if self.store.find(PODS, NAMESPACE, name) is None:
            return
        async for event in self.store.watch(PODS, since):
            if event.object["metadata"]["name"] == name and event.type == "DELETED":
                return


@contextlib.asynccontextmanager
async def running_machine(
    root: Path, *, virtual: bool = False, proxy: bool = False, rotate_at: int = 10_000_000, launch: Path = LAUNCH
) -> AsyncIterator[Machine]:
    store, network = Store(), reserve_network(virtual=virtual)
    events: list[tuple[str, str, str, str]] = []

    def record(pod: Object, field: str, severity: str, reason: str, message: str) -> None:
        events.append((pod["metadata"]["name"], severity, reason, message))

    kubelet = Kubelet(store, network, root / "kubelet", record, config=KubeletConfig(BACKOFF_S, rotate_at, launch))
    node_proxy = NodeProxy(store, network, root / "node-proxy", launch=launch)
    running = [asyncio.create_task(kubelet.run())]
    try:
        if proxy:
            running.append(asyncio.create_task(node_proxy.run()))
            ready = asyncio.create_task(node_proxy.ready.wait())
            await asyncio.wait({ready, running[1]}, return_when=asyncio.FIRST_COMPLETED)
            assert node_proxy.ready.is_set(), running[1].exception()
        yield Machine(store, network, kubelet, events)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        network.close()


def build_server(name: str = "grpc-server", **more: Any) -> Object:
    env = [
        {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for variable, path in (
            ("POD_NAME", "metadata.name"),
            ("POD_IP", "status.podIP"),
            ("NODE_NAME", "spec.nodeName"),
        )
    ]
    return {
        "name": name,
        "image": SERVER_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "grpc", "containerPort": 50051, "protocol": "TCP"}],
        "env": env,
        "readinessProbe": {"grpc": {"port": 50051}, "periodSeconds": 2, "failureThreshold": 2},
        **more,
    }


def build_client(name: str = "grpc-client", **more: Any) -> Object:
    return {
        "name": name,
        "image": CLIENT_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": "TARGET", "value": "dns:///grpc-server:50051"}, {"name": "RATE", "value": "1000"}],
        "readinessProbe": {"grpc": {"port": 50052, "service": "answered"}, "periodSeconds": 1, "failureThreshold": 2},
        **more,
    }


def build_shell(script: str, name: str = "shell", **more: Any) -> Object:
    """Any program at all, in one of our images."""
    return {"name": name, "image": CLIENT_IMAGE, "command": ["sh", "-c", script], **more}


def build_proxy(**more: Any) -> Object:
    ready = {"httpGet": {"path": READY_PATH, "port": STATUS_PORT}}
    return {
        "name": "istio-proxy",
        "image": PROXY_IMAGE,
        "restartPolicy": "Always",
        "startupProbe": {**ready, "periodSeconds": 1, "failureThreshold": 600},
        "readinessProbe": {**ready, "periodSeconds": 15, "failureThreshold": 4},
        **more,
    }


def container(pod: Object, name: str | None = None) -> Object:
    """The status of one container, or of the only one."""
    status = pod.get("status", {})
    found = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return next((one for one in found if name in (None, one["name"])), {"state": {}, "restartCount": 0})


def condition(pod: Object, kind: str) -> str | None:
    conditions = pod.get("status", {}).get("conditions", [])
    return next((found["status"] for found in conditions if found["type"] == kind), None)


def waits_for(reason: str) -> Callable[[Object], bool]:
    return lambda pod: container(pod)["state"].get("waiting", {}).get("reason") == reason
