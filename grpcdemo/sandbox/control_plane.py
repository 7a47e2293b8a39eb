"""The control plane: store, admission, controllers and API.

It takes any node: the daemon passes a kubelet, and tests pass one that runs no processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import ENDPOINT_SLICES, MUTATING_WEBHOOKS, NAMESPACES, SERVICES, Resource
from grpcdemo.sandbox.admission import ONLY_OURS, default_webhooks, inject, service_fault
from grpcdemo.sandbox.api import server
from grpcdemo.sandbox.api.registry import Admit, Registry
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.controllers.clock import Clock, WallClock
from grpcdemo.sandbox.controllers.deployment import DeploymentController
from grpcdemo.sandbox.controllers.endpoint_slice import EndpointSliceController
from grpcdemo.sandbox.controllers.garbage import GarbageCollector
from grpcdemo.sandbox.controllers.loop import run_controllers
from grpcdemo.sandbox.controllers.namespace import NamespaceController, ServiceAccountController
from grpcdemo.sandbox.controllers.replica_set import ReplicaSetController
from grpcdemo.sandbox.controllers.scheduler import Scheduler
from grpcdemo.sandbox.proxy.sidecar import IMAGE


class Node(server.Node, Protocol):
    """Runs the pods that are bound to it."""

    async def run(self) -> None:
        """Until it is cancelled."""


@dataclass(frozen=True)
class Injector:
    """The Service of the injector whose part admission plays."""

    namespace: str = "sandbox-system"
    service: str = "sandbox-injector"


class ControlPlane:
    """*policy* sees each new pod before the injector does; it may change the pod, or raise StatusError."""

    def __init__(
        self,
        *,
        allocate_ip: Callable[[str, str], str],
        injector: Injector | None = None,
        policy: Admit | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store = Store()
        self.registry = Registry(self.store, admit=self._admit, allocate_ip=allocate_ip)
        self.clock = clock or WallClock()
        self._injector = injector or Injector()
        self._policy = policy
        self._seed()

    @property
    def injector_ip(self) -> str:
        """The address of the Service that Istio's control plane would be behind."""
        service = self.store.get(SERVICES, self._injector.namespace, self._injector.service)
        return str(service["spec"]["clusterIP"])

    def build_app(self, node: Node, *, token: str, version: str) -> web.Application:
        return server.build_app(self.registry, token=token, node=node, version=version)

    async def run_controllers(self) -> None:
        """Until it is cancelled."""
        registry, clock = self.registry, self.clock
        controllers = (
            ServiceAccountController(registry),
            DeploymentController(registry, clock),
            ReplicaSetController(registry, clock),
            Scheduler(registry, clock),
            EndpointSliceController(registry),
            NamespaceController(registry, clock),
            GarbageCollector(registry),
        )
        await run_controllers(self.store, controllers, clock)

    def _admit(self, pod: Object, namespace: Object) -> Object:
        admitted = self._policy(pod, namespace) if self._policy else pod
        return inject(admitted, namespace, self.store.scan(MUTATING_WEBHOOKS), fault=self._fault, image=IMAGE)

    def _fault(self, namespace: str, name: str) -> str | None:
        """Why a webhook behind this Service cannot be called."""
        slices = self.store.scan(ENDPOINT_SLICES, namespace)
        slices = [slice_ for slice_ in slices if labels_of(slice_).get(SERVICE_NAME) == name]
        fault = service_fault(self.store.peek(SERVICES, namespace, name), name, slices)
        return fault or (None if Injector(namespace, name) == self._injector else ONLY_OURS)

    def _seed(self) -> None:
        """What a new cluster has, and an injector behind its Service."""
        namespace, service = self._injector.namespace, self._injector.service
        for name in ("default", namespace):
            self.registry.create(NAMESPACES, "", _object(NAMESPACES, name))
        ports = [{"name": "https-webhook", "port": 443}]
        self.registry.create(SERVICES, namespace, _object(SERVICES, service, spec={"ports": ports}))
        endpoints = [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]
        slice_ = _object(ENDPOINT_SLICES, service, addressType="IPv4", endpoints=endpoints, ports=[])
        slice_["metadata"]["labels"] = {SERVICE_NAME: service}
        self.registry.create(ENDPOINT_SLICES, namespace, slice_)
        self.registry.create(MUTATING_WEBHOOKS, "", default_webhooks(namespace=namespace, service=service))


def _object(resource: Resource, name: str, **fields: object) -> Object:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, **fields}
