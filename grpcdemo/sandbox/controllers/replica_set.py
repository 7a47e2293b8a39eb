"""ReplicaSets: keep the desired number of pods of one template."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from grpcdemo.resources.objects import Object, conditions_of, copy_json, is_terminating, namespaced_name, owned_by
from grpcdemo.resources.pods import is_active, is_ready
from grpcdemo.resources.resource import PODS, REPLICA_SETS
from grpcdemo.resources.times import parse_time, write_time
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.controllers.conditions import build_condition, remove_condition, set_condition
from grpcdemo.sandbox.controllers.events import Recorder
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import claim, controller_reference, keys_of_owner, namespace_is_closed

PHASES = ("Pending", "Unknown", "Running")


class ReplicaSetController:
    """Reconciles one ReplicaSet: the number of its pods, its status."""

    name = "replica set"

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._store = registry.store
        self._clock = clock
        self._recorder = Recorder(registry, clock, "replicaset-controller")

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.resource is REPLICA_SETS:
            return [namespaced_name(event.object)]
        return keys_of_owner(self._store, REPLICA_SETS, event.object) if event.resource is PODS else []

    def reconcile(self, namespace: str, name: str) -> float | None:
        replica_set = self._store.find(REPLICA_SETS, namespace, name)
        if replica_set is None:
            return None
        refusal = None
        if not is_terminating(replica_set) and not namespace_is_closed(self._store, namespace):
            try:
                self._manage(replica_set)
            except StatusError as refused:
                refusal = refused
        again_s = self._report(replica_set, refusal)
        if refusal:
            raise refusal
        return again_s

    def _manage(self, replica_set: Object) -> None:
        active = [pod for pod in self._store.scan(PODS, replica_set["metadata"]["namespace"]) if is_active(pod)]
        pods = claim(self._store, REPLICA_SETS, replica_set, PODS, active)
        missing = replica_set["spec"].get("replicas", 1) - len(pods)
        for _ in range(missing):
            self._create_pod(replica_set)
        for pod in sorted(pods, key=victim_order)[: max(0, -missing)]:
            self._registry.delete(PODS, *namespaced_name(pod))
            message = f"Deleted pod: {pod['metadata']['name']}"
            self._recorder.record("Normal", REPLICA_SETS, replica_set, "SuccessfulDelete", message)

    def _create_pod(self, replica_set: Object) -> None:
        try:
            pod = self._registry.create(PODS, replica_set["metadata"]["namespace"], build_pod(replica_set))
        except StatusError as refused:
            self._recorder.record("Warning", REPLICA_SETS, replica_set, "FailedCreate", f"Error creating: {refused}")
            raise
        message = f"Created pod: {pod['metadata']['name']}"
        self._recorder.record("Normal", REPLICA_SETS, replica_set, "SuccessfulCreate", message)

    def _report(self, replica_set: Object, refusal: StatusError | None) -> float | None:
        """Write the status; return the seconds until the next ready pod becomes available."""
        pods = owned_by(replica_set, self._store.scan(PODS, replica_set["metadata"]["namespace"]))
        running = [pod for pod in pods if is_active(pod)]
        waits = [wait for pod in running if (wait := self._until_available_s(pod, replica_set)) is not None]
        labels = replica_set["spec"]["template"]["metadata"]["labels"]
        counts = {
            "fullyLabeledReplicas": sum(labels.items() <= pod["metadata"]["labels"].items() for pod in running),
            "readyReplicas": sum(map(is_ready, running)),
            "availableReplicas": sum(wait <= 0 for wait in waits),
        }
        status: Object = {
            "replicas": len(running),
            **{key: value for key, value in counts.items() if value},
            "terminatingReplicas": sum(map(is_terminating, pods)),
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        if conditions := (replica_set.get("status") or {}).get("conditions"):
            status["conditions"] = copy_json(conditions)
        if refusal:  # the condition keeps the first refusal until pods can be created again
            now = write_time(self._clock.now())
            set_condition(status, build_condition("ReplicaFailure", "True", "FailedCreate", str(refusal), now))
        else:
            remove_condition(status, "ReplicaFailure")
        self._store.update(REPLICA_SETS, {**replica_set, "status": status})
        return min((wait for wait in waits if wait > 0), default=None)

    def _until_available_s(self, pod: Object, replica_set: Object) -> float | None:
        """Seconds until the pod is available; None if it is not ready."""
        if not is_ready(pod):
            return None
        wait = timedelta(seconds=replica_set["spec"].get("minReadySeconds", 0))
        since = _ready_since(pod)
        if not wait or not since:
            return 0.0
        return (parse_time(since) + wait - self._clock.now()).total_seconds()


def build_pod(replica_set: Object) -> Object:
    template, metadata = replica_set["spec"]["template"], replica_set["metadata"]
    kept = {key: value for key, value in template["metadata"].items() if key in ("labels", "annotations", "finalizers")}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **copy_json(kept),
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "ownerReferences": [controller_reference(REPLICA_SETS, replica_set)],
        },
        "spec": copy_json(template["spec"]),
    }


def victim_order(pod: Object) -> tuple[object, ...]:
    """Sorts the pods to delete first: unscheduled, pending, not ready, then the youngest and the most restarted."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    phase = status.get("phase", "Pending")
    restarts = sum(container.get("restartCount", 0) for container in status.get("containerStatuses") or [])
    return (
        bool(pod["spec"].get("nodeName")),
        PHASES.index(phase) if phase in PHASES else 0,
        is_ready(pod),
        _Youngest(_ready_since(pod) or ""),
        -restarts,
        _Youngest(metadata["creationTimestamp"]),
        metadata["uid"],
    )


class _Youngest(str):
    """A timestamp that sorts before earlier ones."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def _ready_since(pod: Object) -> str | None:
    return conditions_of(pod)["Ready"].get("lastTransitionTime") if is_ready(pod) else None
