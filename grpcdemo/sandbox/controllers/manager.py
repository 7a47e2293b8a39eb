"""All controllers together."""

from __future__ import annotations

from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.controllers.deployment import DeploymentController
from grpcdemo.sandbox.controllers.endpoint_slice import EndpointSliceController
from grpcdemo.sandbox.controllers.garbage import GarbageCollector
from grpcdemo.sandbox.controllers.loop import Controller
from grpcdemo.sandbox.controllers.namespace import NamespaceController, ServiceAccountController
from grpcdemo.sandbox.controllers.replica_set import ReplicaSetController
from grpcdemo.sandbox.controllers.scheduler import Scheduler


def build_controllers(registry: Registry, clock: Clock) -> list[Controller]:
    return [
        ServiceAccountController(registry),
        DeploymentController(registry, clock),
        ReplicaSetController(registry, clock),
        Scheduler(registry, clock),
        EndpointSliceController(registry),
        NamespaceController(registry, clock),
        GarbageCollector(registry),
    ]
