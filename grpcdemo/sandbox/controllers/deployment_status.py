"""A Deployment's status: the counts of its ReplicaSets, and the conditions that `kubectl rollout status` reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import parse_time, write_time
from grpcdemo.sandbox.controllers.conditions import (
    build_condition,
    find_condition,
    remove_condition,
    renew_condition,
    set_condition,
)
from grpcdemo.sandbox.controllers.rolling_update import count, max_unavailable, total_size

AVAILABLE = "Available"
PROGRESSING = "Progressing"
REPLICA_FAILURE = "ReplicaFailure"
NO_DEADLINE_S = 2_147_483_647
"""The progressDeadlineSeconds that means none."""
COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def build_status(deployment: Object, new: Object | None, replica_sets: Sequence[Object], now: datetime) -> Object:
    """Update the counts and the Available condition; keep the other conditions."""
    available = count(replica_sets, "availableReplicas")
    counts = {
        "replicas": count(replica_sets, "replicas"),
        "updatedReplicas": count([new] if new else [], "replicas"),
        "readyReplicas": count(replica_sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total_size(replica_sets) - available),
    }
    old = deployment.get("status") or {}
    status: Object = {key: value for key, value in old.items() if key not in COUNTS}
    status["observedGeneration"] = deployment["metadata"]["generation"]
    status.update({key: value for key, value in counts.items() if value})
    status["terminatingReplicas"] = count(replica_sets, "terminatingReplicas")
    enough = available >= deployment["spec"]["replicas"] - max_unavailable(deployment)
    met = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    unmet = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    set_condition(status, build_condition(AVAILABLE, *(met if enough else unmet), write_time(now), updates=True))
    return status


def set_progressing(status: Object, reason: str, message: str, now: datetime, *, value: str = "True") -> None:
    set_condition(status, build_condition(PROGRESSING, value, reason, message, write_time(now), updates=True))


def add_progress(status: Object, deployment: Object, new: Object | None, now: datetime) -> None:
    """Set the Progressing condition in *status*, the Deployment's next one."""
    if not deadline_s(deployment):
        remove_condition(status, PROGRESSING)
        return
    subject = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    condition = find_condition(status, PROGRESSING)
    over = condition and condition["reason"] == "NewReplicaSetAvailable"
    if over and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return
    if is_complete(deployment, status):
        set_progressing(status, "NewReplicaSetAvailable", f"{subject} has successfully progressed.", now)
    elif _has_progressed(deployment.get("status") or {}, status):
        message = f"{subject} is progressing."
        condition = build_condition(PROGRESSING, "True", "ReplicaSetUpdated", message, write_time(now), updates=True)
        renew_condition(status, condition)
    elif _is_late(deployment, status, now):
        message = f"{subject} has timed out progressing."
        set_progressing(status, "ProgressDeadlineExceeded", message, now, value="False")


def add_failures(status: Object, new: Object | None, replica_sets: Sequence[Object]) -> None:
    """Copy a ReplicaSet's ReplicaFailure, the new one's first."""
    for replica_set in [*([new] if new else []), *replica_sets]:
        if failure := find_condition(replica_set.get("status") or {}, REPLICA_FAILURE):
            set_condition(status, {**failure, "lastUpdateTime": failure["lastTransitionTime"]})
            return
    remove_condition(status, REPLICA_FAILURE)


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether all pods are new and available and no old pod is left."""
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    observed: int = status.get("observedGeneration", 0)
    return counts == {deployment["spec"]["replicas"]} and observed >= deployment["metadata"]["generation"]


def deadline_s(deployment: Object) -> int | None:
    deadline: int = deployment["spec"].get("progressDeadlineSeconds", 600)
    return None if deadline == NO_DEADLINE_S else deadline


def seconds_to_deadline(deployment: Object, status: Object, now: datetime) -> float | None:
    """When to check the deadline; None if the rollout is complete or already late."""
    condition, deadline = find_condition(status, PROGRESSING), deadline_s(deployment)
    if not condition or deadline is None or is_complete(deployment, status):
        return None
    if condition["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return None
    due = parse_time(condition["lastUpdateTime"]) + timedelta(seconds=deadline)
    return max(0.0, (due - now).total_seconds()) + 1.0


def _has_progressed(old: Object, new: Object) -> bool:
    def outdated(status: Object) -> int:
        left: int = status.get("replicas", 0) - status.get("updatedReplicas", 0)
        return left

    more = any(new.get(key, 0) > old.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return more or outdated(new) < outdated(old)


def _is_late(deployment: Object, status: Object, now: datetime) -> bool:
    condition, deadline = find_condition(status, PROGRESSING), deadline_s(deployment)
    if not condition or deadline is None or condition["reason"] == "NewReplicaSetAvailable":
        return False
    return parse_time(condition["lastUpdateTime"]) + timedelta(seconds=deadline) < now
