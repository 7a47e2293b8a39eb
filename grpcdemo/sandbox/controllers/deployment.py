"""Deployments: one ReplicaSet per pod template, and a rollout from the old ones to the new one.

Each reconciliation takes one step, as in a cluster: it resizes ReplicaSets, and their status triggers the next one.
`rolling_update` says how far a step may go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grpcdemo.resources.deployments import current_replica_set
from grpcdemo.resources.objects import (
    Object,
    annotations_of,
    conditions_of,
    copy_json,
    is_terminating,
    namespaced_name,
    owned_by,
)
from grpcdemo.resources.resource import DEPLOYMENTS, REPLICA_SETS
from grpcdemo.sandbox.api.registry import BACKGROUND, Registry
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers import deployment_status as progress
from grpcdemo.sandbox.controllers import revision as revisions
from grpcdemo.sandbox.controllers import rolling_update as rolling
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.controllers.events import Recorder
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import claim, keys_of_owner, namespace_is_closed


class DeploymentController:
    """Reconciles one Deployment: its ReplicaSets, its revision, its status."""

    name = "deployment"

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._store = registry.store
        self._clock = clock
        self._recorder = Recorder(registry, clock, "deployment-controller")

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.resource is DEPLOYMENTS:
            return [namespaced_name(event.object)]
        return keys_of_owner(self._store, DEPLOYMENTS, event.object) if event.resource is REPLICA_SETS else []

    def reconcile(self, namespace: str, name: str) -> float | None:
        deployment = self._store.find(DEPLOYMENTS, namespace, name)
        if deployment is None or namespace_is_closed(self._store, namespace):
            return None
        candidates = self._store.list(REPLICA_SETS, namespace)
        replica_sets = claim(self._store, DEPLOYMENTS, deployment, REPLICA_SETS, candidates)
        if not is_terminating(deployment):
            deployment = self._note_pause(deployment)
            paused = deployment["spec"].get("paused", False)
            if not paused and not rolling.is_scaling(deployment, replica_sets):
                return self._roll_out(deployment, replica_sets)
            deployment = self._scale(deployment, replica_sets)
        return self._report(deployment, rolled_out=False)

    def _roll_out(self, deployment: Object, replica_sets: list[Object]) -> float | None:
        new = current_replica_set(deployment, replica_sets)
        old = [replica_set for replica_set in replica_sets if replica_set is not new]
        if new is None and (rolling.is_rolling(deployment) or not self._shut_down(deployment, old)):
            deployment = self._create_new(deployment, old)
        elif new is not None:
            deployment, new = self._promote(deployment, new, old)
            resized = self._step(deployment, new, old)
            if not resized and progress.is_complete(deployment, deployment.get("status") or {}):
                self._forget_old(deployment, old)
        return self._report(deployment, rolled_out=True)

    def _step(self, deployment: Object, new: Object, old: list[Object]) -> bool:
        """Resize as far as the strategy allows now; False if nothing changed."""
        if not rolling.is_rolling(deployment) and self._shut_down(deployment, old):
            return True
        size = rolling.new_size(deployment, new, [new, *old])
        if self._resize(deployment, [(new, size)]):
            return True
        return rolling.is_rolling(deployment) and self._resize(deployment, rolling.old_sizes(deployment, new, old))

    def _shut_down(self, deployment: Object, old: list[Object]) -> bool:
        """Scale the old ReplicaSets to zero, for Recreate; False once no old pod is left."""
        self._resize(deployment, [(replica_set, 0) for replica_set in old])
        return bool(rolling.count(old, "replicas") + rolling.count(old, "terminatingReplicas"))

    def _scale(self, deployment: Object, replica_sets: list[Object]) -> Object:
        new = current_replica_set(deployment, replica_sets)
        old = [replica_set for replica_set in replica_sets if replica_set is not new]
        if new is not None:
            deployment, new = self._promote(deployment, new, old)
        sizes = rolling.scaled_sizes(deployment, new, old)
        self._resize(deployment, sizes)
        if deployment["spec"].get("paused"):
            self._forget_old(deployment, old)
        return deployment

    def _resize(self, deployment: Object, sizes: rolling.Sizes) -> bool:
        """Set sizes, and annotate what they are computed from; False if no size changed."""
        maximum = deployment["spec"]["replicas"] + rolling.max_surge(deployment)
        noted = revisions.size_annotations(deployment["spec"]["replicas"], maximum)
        changed = False
        for replica_set, size in sizes:
            before = rolling.size_of(replica_set)
            if before == size and not rolling.is_scaling(deployment, [replica_set]):
                continue
            replica_set["spec"]["replicas"] = size
            replica_set["metadata"]["annotations"] = {**annotations_of(replica_set), **noted}
            self._store.update(REPLICA_SETS, replica_set)
            if before != size:
                changed = True
                self._record_scaling(deployment, replica_set, before, size)
        return changed

    def _record_scaling(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        way, name = "up" if after > before else "down", replica_set["metadata"]["name"]
        message = f"Scaled {way} replica set {name} from {before} to {after}"
        self._recorder.record("Normal", DEPLOYMENTS, deployment, "ScalingReplicaSet", message)

    def _create_new(self, deployment: Object, old: list[Object]) -> Object:
        size = rolling.new_size(deployment, None, old)
        revision = max(map(revisions.revision_of, old), default=0) + 1
        maximum = deployment["spec"]["replicas"] + rolling.max_surge(deployment)
        new = revisions.build_replica_set(deployment, size, revision, maximum)
        new = self._registry.create(REPLICA_SETS, deployment["metadata"]["namespace"], new)
        if size:
            self._record_scaling(deployment, new, 0, size)
        message = f'Created new replica set "{new["metadata"]["name"]}"'
        return self._note_revision(deployment, new, "NewReplicaSetCreated", message)

    def _promote(self, deployment: Object, new: Object, old: list[Object]) -> tuple[Object, Object]:
        """Give the new ReplicaSet, and the Deployment, the newest revision."""
        revision = max(map(revisions.revision_of, old), default=0) + 1
        new = revisions.promote(new, deployment, revision)
        if "minReadySeconds" in deployment["spec"]:
            new["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        new = self._store.update(REPLICA_SETS, new)
        if progress.PROGRESSING in conditions_of(deployment):
            return self._note_revision(deployment, new), new
        message = f'Found new replica set "{new["metadata"]["name"]}"'
        return self._note_revision(deployment, new, "FoundNewReplicaSet", message), new

    def _note_revision(self, deployment: Object, new: Object, reason: str = "", message: str = "") -> Object:
        noted = copy_json(deployment)
        revision = {revisions.REVISION: str(revisions.revision_of(new))}
        noted["metadata"]["annotations"] = {**annotations_of(deployment), **revision}
        if reason and progress.deadline_s(deployment):
            progress.set_progressing(noted.setdefault("status", {}), reason, message, self._clock.now())
        return self._store.update(DEPLOYMENTS, noted)

    def _note_pause(self, deployment: Object) -> Object:
        """Set the Progressing condition when the Deployment was paused or resumed: a paused one misses no deadline."""
        condition = conditions_of(deployment).get(progress.PROGRESSING, {})
        paused, noted = deployment["spec"].get("paused", False), condition.get("reason") == "DeploymentPaused"
        late = condition.get("reason") == "ProgressDeadlineExceeded"
        if paused == noted or late or not progress.deadline_s(deployment):
            return deployment
        changed = copy_json(deployment)
        status, word = changed.setdefault("status", {}), "paused" if paused else "resumed"
        reason, message = f"Deployment{word.title()}", f"Deployment is {word}"
        progress.set_progressing(status, reason, message, self._clock.now(), value="Unknown")
        return self._store.update(DEPLOYMENTS, changed)

    def _forget_old(self, deployment: Object, old: Sequence[Object]) -> None:
        """Delete the oldest empty ReplicaSets beyond revisionHistoryLimit."""
        too_many = len(old) - deployment["spec"].get("revisionHistoryLimit", 10)
        for replica_set in sorted(old, key=revisions.revision_of)[: max(0, too_many)]:
            status = replica_set.get("status") or {}
            observed = status.get("observedGeneration", 0) >= replica_set["metadata"]["generation"]
            if observed and not status.get("replicas") and not rolling.size_of(replica_set):
                self._registry.delete(REPLICA_SETS, *namespaced_name(replica_set), options=BACKGROUND)

    def _report(self, deployment: Object, *, rolled_out: bool) -> float | None:
        """Write the status; return the seconds to the progress deadline. Scaling alone is not a rollout."""
        namespace = deployment["metadata"]["namespace"]
        replica_sets = owned_by(deployment, self._store.scan(REPLICA_SETS, namespace))
        new, now = current_replica_set(deployment, replica_sets), self._clock.now()
        status = progress.build_status(deployment, new, replica_sets, now)
        if rolled_out:
            progress.add_progress(status, deployment, new, now)
            progress.add_failures(status, new, replica_sets)
        self._store.update(DEPLOYMENTS, {**deployment, "status": status})
        return progress.seconds_to_deadline(deployment, status, now) if rolled_out else None
