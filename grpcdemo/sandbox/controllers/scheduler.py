"""Binds each new pod to a node that its node selector and its affinity select: the one there is, or none."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object, is_terminating, labels_of, namespaced_name
from grpcdemo.resources.resource import NODES, PODS
from grpcdemo.resources.selectors import selects
from grpcdemo.resources.times import write_time
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.controllers.conditions import build_condition, set_condition
from grpcdemo.sandbox.controllers.events import Recorder
from grpcdemo.sandbox.controllers.loop import Key


class Scheduler:
    """Reconciles one pod without a node: binds it, or reports it as unschedulable."""

    name = "scheduler"

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._store = registry.store
        self._clock = clock
        self._recorder = Recorder(registry, clock, "default-scheduler")

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.resource is NODES:
            return [namespaced_name(pod) for pod in self._store.scan(PODS) if _is_waiting(pod)]
        return [namespaced_name(event.object)] if event.resource is PODS and _is_waiting(event.object) else []

    def reconcile(self, namespace: str, name: str) -> None:
        pod, nodes = self._store.find(PODS, namespace, name), self._store.scan(NODES)
        if pod is None or not _is_waiting(pod) or not nodes:
            return
        node = next((node["metadata"]["name"] for node in nodes if fits(pod, node)), None)
        if node is None:
            self._report_unschedulable(pod, len(nodes))
            return
        pod = self._store.bind(namespace, name, node)
        self._recorder.record("Normal", PODS, pod, "Scheduled", f"Successfully assigned {namespace}/{name} to {node}")

    def _report_unschedulable(self, pod: Object, nodes: int) -> None:
        message = f"0/{nodes} nodes are available: {nodes} node(s) didn't match Pod's node affinity/selector."
        now = write_time(self._clock.now())
        status = pod.setdefault("status", {})
        before = list(status.get("conditions") or [])
        set_condition(status, build_condition("PodScheduled", "False", "Unschedulable", message, now))
        if status["conditions"] != before:
            pod = self._store.update(PODS, pod)
            self._recorder.record("Warning", PODS, pod, "FailedScheduling", message)


def fits(pod: Object, node: Object) -> bool:
    """Whether the pod's node selector and its required node affinity select the node."""
    spec, labels = pod["spec"], labels_of(node)
    if not selects({"matchLabels": spec.get("nodeSelector")}, labels):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(selects(term, labels) for term in required["nodeSelectorTerms"])


def _is_waiting(pod: Object) -> bool:
    return not pod["spec"].get("nodeName") and not is_terminating(pod)
