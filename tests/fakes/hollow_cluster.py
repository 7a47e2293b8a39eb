"""A cluster without machines: the sandbox's control plane and Istio's injector, and a node that runs nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import ENDPOINT_SLICES, NAMESPACES, Resource
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.control_plane import ControlPlane, Injector
from grpcdemo.sandbox.controllers.clock import Clock

from .faults import Faults
from .hollow_node import HollowNode, free_ip
from .listener import Listener
from .script import TOKEN

ISTIOD = Injector("istio-system", "istiod")
VERSION = "v1.34.0"
QUIET_TURNS = 200
"""So many turns of the event loop without a change mean that all is done."""


@web.middleware
async def log_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the token, which no client sends over HTTP."""
    headers = {**request.headers, "Authorization": f"Bearer {TOKEN}"}
    return await handler(request.clone(headers=headers))


class HollowCluster(ControlPlane):
    """`policy` sees every new pod, also in a dry run, as an admission plugin does; `faults` sees every request."""

    policy: Callable[[Object], None]
    listener: Listener

    def __init__(self, clock: Clock | None = None, *, version: str = VERSION) -> None:
        self.version = version
        self.accept_pods()
        super().__init__(
            allocate_ip=lambda namespace, name: free_ip("10.96", self.store),
            injector=ISTIOD,
            policy=self._apply_policy,
            clock=clock,
        )
        self.node = HollowNode(self.registry, self.clock)
        self.faults = Faults()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(part) for part in (self.run_controllers(), self.node.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The URL of its API."""
        app = self.build_app(self.node, token=TOKEN, version=self.version)
        app.middlewares[:0] = [log_in, self.faults.middleware()]
        async with self.working(), Listener(app) as self.listener:
            yield self.listener.url

    async def stop_listening(self, request: web.Request) -> web.StreamResponse:
        """The answer of an API server that ends: no answer, and then no connection."""
        await self.listener.close()
        if request.transport is not None:  # one that has connected meanwhile
            request.transport.close()
        return web.Response()

    async def settle(self) -> None:
        """Wait until controllers and node have nothing left to do."""
        quiet, version = 0, self.store.version
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            quiet = quiet + 1 if version == self.store.version else 0
            version = self.store.version

    def refuse_pods(self, error: StatusError) -> None:
        def refuse(_: Object) -> None:
            raise error

        self.policy = refuse

    def accept_pods(self) -> None:
        self.policy = lambda pod: None

    def delete_namespace(self, name: str) -> None:
        self.registry.delete(NAMESPACES, "", name)

    def names(self, resource: Resource, namespace: str | None = None) -> list[str]:
        return [obj["metadata"]["name"] for obj in self.store.list(resource, namespace)]

    def create(self, resource: Resource, namespace: str, name: str, **fields: Any) -> Object:
        """Create an object with these *fields*, `metadata` among them."""
        metadata = {"name": name, **fields.pop("metadata", {})}
        return self.registry.create(resource, namespace, {"metadata": metadata, **fields})

    def create_namespace(self, name: str, **metadata: Any) -> Object:
        return self.create(NAMESPACES, "", name, metadata=metadata)

    def set_metadata(self, resource: Resource, namespace: str, name: str, **metadata: Any) -> None:
        """Give an object other metadata."""
        obj = self.store.get(resource, namespace, name)
        self.store.update(resource, {**obj, "metadata": {**obj["metadata"], **metadata}})

    def set_spec(self, resource: Resource, namespace: str, name: str, **spec: Any) -> None:
        """Change some fields of an object's spec, as `kubectl scale` and `kubectl rollout pause` do."""
        obj = self.store.get(resource, namespace, name)
        self.registry.update(resource, {**obj, "spec": {**obj["spec"], **spec}})

    def labels(self, namespace: str) -> dict[str, str]:
        """A namespace's, without its own name, which every namespace has for a label."""
        labels = labels_of(self.store.get(NAMESPACES, "", namespace))
        return {key: value for key, value in labels.items() if key != "kubernetes.io/metadata.name"}

    def restarts(self) -> list[str]:
        """The Deployments that were asked to restart."""
        asked = [asked for asked in self.faults.changes if "restartedAt" in json.dumps(asked.body)]
        return sorted(asked.path.rsplit("/", 1)[-1] for asked in asked)

    def stop_istiod(self) -> None:
        for slice_ in self.store.list(ENDPOINT_SLICES, ISTIOD.namespace):
            if labels_of(slice_).get(SERVICE_NAME) == ISTIOD.service:
                self.store.remove(ENDPOINT_SLICES, ISTIOD.namespace, slice_["metadata"]["name"])

    def _apply_policy(self, pod: Object, namespace: Object) -> Object:
        self.policy(pod)
        return pod
