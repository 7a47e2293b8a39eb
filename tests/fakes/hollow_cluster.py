"""A cluster without machines: the sandbox's control plane and Istio's injector, and a node that runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import count

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.sandbox.control_plane import ControlPlane, Injector
from grpcdemo.sandbox.controllers.clock import Clock

from .hollow_node import HollowNode

ISTIOD = Injector("istio-system", "istiod")


class HollowCluster(ControlPlane):
    """`policy` sees every new pod, as an admission webhook of somebody else's does, and so does a dry run."""

    def __init__(self, clock: Clock | None = None) -> None:
        addresses = count(1)
        self.policy: Callable[[Object], None] = lambda pod: None
        super().__init__(
            allocate_ip=lambda namespace, name: f"10.96.0.{next(addresses)}",
            injector=ISTIOD,
            policy=self._apply_policy,
            clock=clock,
        )
        self.node = HollowNode(self.registry, self.clock)

    def parts(self) -> list[Coroutine[None, None, None]]:
        """What must run for it to work."""
        return [self.run_controllers(), self.node.run()]

    def names(self, resource: Resource, namespace: str = "") -> list[str]:
        return [obj["metadata"]["name"] for obj in self.store.list(resource, namespace)]

    def _apply_policy(self, pod: Object, namespace: Object) -> Object:
        self.policy(pod)
        return pod
