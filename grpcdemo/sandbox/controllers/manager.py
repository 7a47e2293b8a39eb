"""All controllers together."""

from __future__ import annotations

from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.controllers.deployment import DeploymentController
from grpcdemo.sandbox.controllers.endpoint_slice import EndpointSliceController
from grpcdemo.sandbox.controllers.endpoints import EndpointsController
from grpcdemo.sandbox.controllers.garbage import GarbageCollector
from grpcdemo.sandbox.controllers.loop import Controller
from grpcdemo.sandbox.controllers.namespace import NamespaceController, ServiceAccountController
from grpcdemo.sandbox.controllers.replica_set import ReplicaSetController
from grpcdemo.sandbox.controllers.scheduler import Scheduler
from grpcdemo.sandbox.controllers.writer import Writer


def build_controllers(store: Store, writer: Writer, clock: Clock) -> list[Controller]:
    return [
        ServiceAccountController(store, writer),
        DeploymentController(store, writer, clock),
        ReplicaSetController(store, writer, clock),
        Scheduler(store, writer, clock),
        EndpointSliceController(store, writer),
        EndpointsController(store, writer),
        NamespaceController(store, writer, clock),
        GarbageCollector(store, writer),
    ]
