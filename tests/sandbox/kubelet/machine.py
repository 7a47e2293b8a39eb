"""A store, a kubelet and a node's proxy on this machine, with no API server and no controllers around them.

The test writes what these would write: pods, Services, and the EndpointSlices behind them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpcdemo.manifests import images
from grpcdemo.manifests.render import ManifestValues, build_objects
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import ENDPOINT_SLICES, PODS, SERVICES
from grpcdemo.sandbox import admission
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.store import Event, Store
from grpcdemo.sandbox.child import LAUNCH
from grpcdemo.sandbox.dns import answering_queries
from grpcdemo.sandbox.kubelet.host import NODE, KubeletConfig
from grpcdemo.sandbox.kubelet.kubelet import Kubelet
from grpcdemo.sandbox.network import Network, reserve_network
from grpcdemo.sandbox.proxy.agent import GrpcAgent
from grpcdemo.sandbox.proxy.node_proxy import NodeProxy
from grpcdemo.sandbox.proxy.sidecar import IMAGE as PROXY_IMAGE
from grpcdemo.workload.call_log import Call
from tests.workload.call_line import parse_call

PATIENCE_S = 120
"""How long to wait for what must come. No test passes or fails by speed."""

NAMESPACE = "demo"
SERVER_IMAGE = images.image_reference(images.SERVER_IMAGE)
CLIENT_IMAGE = images.image_reference(images.CLIENT_IMAGE)
BACKOFF_S = 0.05
CONTAINERS = {
    obj["metadata"]["name"]: obj["spec"]["template"]["spec"]["containers"][0]
    for obj in build_objects(ManifestValues(rate=1000))
    if obj["kind"] == "Deployment"
}


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

    def create_service(self, name: str = "grpc-server") -> None:
        port = {"name": "grpc", "port": 50051, "targetPort": 50051, "protocol": "TCP", "appProtocol": "grpc"}
        spec = {"clusterIP": self.network.service_address(NAMESPACE, name), "ports": [port]}
        metadata = {"name": name, "namespace": NAMESPACE}
        self.store.create(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})

    async def start_server(self) -> Object:
        """A pod `server` that is ready."""
        self.create_server("server")
        (pod,) = await self.until_ready("server")
        return pod

    async def start_demo(self, *servers: str, client: Object | None = None, sidecar: bool = False) -> None:
        """These servers behind the Service, and a client with an answer from one of them."""
        self.create_service()
        for name in servers:
            self.create_server(name, sidecar=sidecar)
        await self.until_ready(*servers)
        self.publish(*servers)
        self.create_pod("client", client or build_client(), sidecar=sidecar)
        await self.until_ready("client")

    def publish(self, *pods: str, service: str = "grpc-server", **more_ports: int) -> None:
        """Make these pods the Service's only endpoints."""
        addresses = [self.pod(name)["status"]["podIP"] for name in pods]
        made = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": service, "namespace": NAMESPACE, "labels": {SERVICE_NAME: service}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ip], "conditions": {"ready": True}} for ip in addresses],
            "ports": [
                {"name": name, "port": port, "protocol": "TCP"} for name, port in {"grpc": 50051, **more_ports}.items()
            ],
        }
        if self.store.find(ENDPOINT_SLICES, NAMESPACE, service):
            self.store.update(ENDPOINT_SLICES, made)
        else:
            self.store.create(ENDPOINT_SLICES, made)

    def pod(self, name: str) -> Object:
        return self.store.get(PODS, NAMESPACE, name)

    async def delete(self, name: str, grace_s: int = 10) -> Object:
        """Delete a pod, and wait until it is gone; its last state."""
        since = self.store.version
        self.store.mark_deleted(PODS, NAMESPACE, name, grace_s=grace_s)
        return await self.until_gone(name, since)

    async def until(self, name: str, holds: Callable[[Object], bool]) -> Object:
        """The pod, in the first state for which *holds* is true."""
        since, pod = self.store.version, self.pod(name)
        if holds(pod):
            return pod
        return await self._next(name, since, lambda event: event.type != "DELETED" and holds(event.object))

    async def until_ready(self, *names: str) -> list[Object]:
        return [await self.until(name, is_ready) for name in names]

    async def until_gone(self, name: str, since: int) -> Object:
        """The last state of a pod that was there in version *since*."""
        return await self._next(name, since, lambda event: event.type == "DELETED")

    async def _next(self, name: str, since: int, holds: Callable[[Event], bool]) -> Object:
        async def follow() -> Object:
            async for event in self.store.watch(PODS, since):
                if event.object["metadata"]["name"] == name and holds(event):
                    return event.object
            raise AssertionError

        return await asyncio.wait_for(follow(), PATIENCE_S)

    def events_of(self, name: str) -> list[tuple[str, str]]:
        return [(reason, message) for pod, _, reason, message in self.events if pod == name]

    async def log(self, pod: str, container: str, **options: Any) -> str:
        return b"".join(
            [piece async for piece in self.kubelet.read(NAMESPACE, pod, container, LogOptions(**options))]
        ).decode()

    async def calls(self, count: int) -> list[Call]:
        """The next *count* calls of the client that are answered."""
        calls: list[Call] = []
        already = (await self.log("client", "grpc-client")).count("code=OK")

        def enough(call: Call) -> bool:
            calls.extend([call] if call.code == "OK" else [])
            return len(calls) == already + count

        await self.call_until(enough)
        return calls[already:]

    async def call_until(self, holds: Callable[[Call], bool]) -> Call:
        """The client's first call for which *holds* is true."""

        async def follow() -> Call:
            async with contextlib.aclosing(self.follow("client", "grpc-client")) as pieces:  # type: ignore[type-var]  # an async generator, typed as its iterator
                async for piece in pieces:
                    for call in filter(None, map(parse_call, piece.decode().splitlines())):
                        if holds(call):
                            return call
            raise AssertionError("the client's log ended")

        return await asyncio.wait_for(follow(), PATIENCE_S)

    def follow(self, pod: str, container: str) -> AsyncIterator[bytes]:
        return self.kubelet.read(NAMESPACE, pod, container, LogOptions(follow=True))


@contextlib.asynccontextmanager
async def running_machine(
    root: Path,
    *,
    virtual: bool = False,
    proxy: bool = False,
    rotate_at: int = 10_000_000,
    launch: Path = LAUNCH,
    forks: bool = True,
    dns: bool = False,
) -> AsyncIterator[Machine]:
    store, network = Store(), reserve_network(virtual=virtual)
    events: list[tuple[str, str, str, str]] = []

    def record(pod: Object, field: str, severity: str, reason: str, message: str) -> None:
        events.append((pod["metadata"]["name"], severity, reason, message))

    node_proxy = NodeProxy(store, network, root / "node-proxy", launch=launch)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(answering_queries(store)) if dns else None
        agent = await stack.enter_async_context(GrpcAgent(store, network, network.service_address("istio", "istiod")))
        config = KubeletConfig(BACKOFF_S, rotate_at, launch, forks, server, agent)
        kubelet = Kubelet(store, network, root / "kubelet", record, config=config)
        stack.callback(network.close)
        running = [asyncio.create_task(kubelet.run())]
        stack.push_async_callback(end, running)
        if proxy:
            running.append(asyncio.create_task(node_proxy.run()))
            ready = asyncio.create_task(node_proxy.ready.wait())
            await asyncio.wait({ready, running[1]}, return_when=asyncio.FIRST_COMPLETED)
            assert node_proxy.ready.is_set(), running[1].exception()
        yield Machine(store, network, kubelet, events)


async def end(running: list[asyncio.Task[None]]) -> None:
    for task in running:
        task.cancel()
    await asyncio.wait(running)


def build_server(**more: Any) -> Object:
    """The server's container, as the tool's manifests have it."""
    return {**CONTAINERS["grpc-server"], **more}


def build_client(**more: Any) -> Object:
    return {**CONTAINERS["grpc-client"], **more}


def build_shell(script: str, name: str = "shell", **more: Any) -> Object:
    """Any program at all, in one of our images."""
    return {"name": name, "image": CLIENT_IMAGE, "command": ["sh", "-c", script], **more}


def build_proxy(**more: Any) -> Object:
    """The sidecar, as the injector adds it."""
    return {**admission.build_proxy(PROXY_IMAGE, native=True), **more}


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
