"""Read from Kubernetes' objects alone what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from grpcdemo.kube.messages import (
    Refuser,
    is_not_executable,
    is_transient,
    read_finalizers,
    read_node_problem,
    read_refusal,
    read_remaining,
    read_silent_apis,
    read_undeleted,
    without_preemption,
)
from grpcdemo.kube.trouble import (
    Blocker,
    CannotCreatePods,
    CannotPullImage,
    CannotStart,
    Condition,
    ContainerTrouble,
    CrashLoop,
    Failed,
    Finalizer,
    FinalizerInside,
    NodeUnreachable,
    NotReady,
    Paused,
    PodTrouble,
    Remaining,
    ScaleUp,
    SilentApi,
    Terminating,
    Trouble,
    Undeleted,
    Unschedulable,
)
from grpcdemo.resources.objects import Object, conditions_of, is_terminating
from grpcdemo.resources.references import ObjectReference, reference_to
from grpcdemo.resources.resource import DEPLOYMENTS, PODS, REPLICA_SETS, Resource

PULL_REASONS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
SCHEDULING_REASONS = {"Unschedulable", "SchedulingGated"}
CONFIG_ERROR = "CreateContainerConfigError"
"""The kubelet does not even ask the container runtime: a Secret is missing, or the image wants to run as root."""
START_REASONS = {CONFIG_ERROR, "CreateContainerError", "RunContainerError"}
SCALE_UPS = {"TriggeredScaleUp": True, "Nominated": True, "NotTriggerScaleUp": False}
"""The reasons of an autoscaler's events about a pod, and whether a node is coming: Cluster Autoscaler and Karpenter."""
FOREGROUND = "foregroundDeletion"
"""The garbage collector's own finalizer, which it removes by itself."""
NAMESPACE_CONDITIONS = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
"""With these the namespace controller says what a terminating namespace waits for."""


def pause_of(deployment: Object) -> Paused | None:
    return Paused(reference_to(DEPLOYMENTS, deployment)) if deployment["spec"].get("paused") else None


def creation_trouble(replica_set: Object) -> CannotCreatePods | None:
    """Why the ReplicaSet's pods cannot be created; None while its namespace is merely too new for pods."""
    failure = conditions_of(replica_set).get("ReplicaFailure", {})
    if failure.get("status") != "True" or is_terminating(replica_set):
        return None
    message = failure.get("message", "")
    refusal = read_refusal(message)
    if refusal and refusal.by is Refuser.NEW_NAMESPACE:
        return None
    return CannotCreatePods(reference_to(REPLICA_SETS, replica_set), message, refusal)


def pod_trouble(pod: Object) -> PodTrouble | None:
    """What keeps *pod* from getting ready, if it shows."""
    reference, status = reference_to(PODS, pod), pod.get("status", {})
    scheduled = conditions_of(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") in SCHEDULING_REASONS:
        message = scheduled.get("message", "")
        return Unschedulable(reference, without_preemption(message), read_node_problem(message))
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or []:
            if trouble := container_trouble(reference, container):
                return trouble
    if status.get("phase") == "Failed":
        return Failed(reference, status.get("message") or status.get("reason") or "no reason given")
    return None


def read_scale_up(trouble: Unschedulable, events: Iterable[Object]) -> Unschedulable:
    """*trouble* with what an autoscaler said last about the pod, if one did."""
    said = [
        event
        for event in events
        if event.get("reason") in SCALE_UPS and event["involvedObject"].get("name") == trouble.pod.name
    ]
    if not said:
        return trouble
    latest = max(said, key=_event_time)
    return replace(trouble, scale_up=ScaleUp(SCALE_UPS[latest["reason"]], _one_line(latest.get("message"))))


def late_trouble(pod: Object, events: Iterable[Object]) -> Trouble:
    """What to say of *pod* when it took too long: its trouble, or its state."""
    if is_terminating(pod):
        return read_terminating(PODS, pod)
    if trouble := pod_trouble(pod):
        return read_scale_up(trouble, events) if isinstance(trouble, Unschedulable) else trouble
    reference = reference_to(PODS, pod)
    warnings = [
        event
        for event in events
        if event.get("type") == "Warning" and event["involvedObject"]["name"] == reference.name
    ]
    if warnings:
        latest = max(warnings, key=_event_time)
        return NotReady(reference, str(latest.get("reason", "")), _one_line(latest.get("message")))
    if conditions_of(pod).get("Ready", {}).get("reason") == "NodeStatusUnknown":
        return NodeUnreachable(reference)
    return NotReady(reference)


def read_terminating(resource: Resource, obj: Object) -> Terminating:
    conditions = conditions_of(obj)
    blocking = [
        blocker
        for kind in NAMESPACE_CONDITIONS
        if conditions.get(kind, {}).get("status") == "True"
        for blocker in _read_condition(kind, conditions[kind].get("message") or kind)
    ]
    finalizers = [Finalizer(name) for name in obj["metadata"].get("finalizers") or [] if name != FOREGROUND]
    return Terminating(reference_to(resource, obj), (*blocking, *finalizers))


def _read_condition(kind: str, message: str) -> list[Blocker]:
    """What the namespace controller says in a condition; in its own words if they are new to us."""
    blockers: list[Blocker] = []
    match kind:
        case "NamespaceContentRemaining":
            blockers += [Remaining(*counted) for counted in read_remaining(message).items()]
        case "NamespaceFinalizersRemaining":
            blockers += [FinalizerInside(*counted) for counted in read_finalizers(message).items()]
        case "NamespaceDeletionDiscoveryFailure":
            blockers += [SilentApi(api) for api in read_silent_apis(message)]
        case "NamespaceDeletionContentFailure":
            undeleted = read_undeleted(message)
            return [Undeleted(_one_line(undeleted))] if undeleted else []
    return blockers or [Condition(kind, _one_line(message))]


def container_trouble(pod: ObjectReference, status: Object) -> ContainerTrouble | None:
    """What keeps one container of *pod* from running, if it shows."""
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    message = _one_line(waiting.get("message")) or reason
    if reason in PULL_REASONS:
        transient = reason == "RegistryUnavailable" or is_transient(message)
        return CannotPullImage(pod, status.get("image", ""), message, transient)
    if reason in START_REASONS:
        transient = reason != CONFIG_ERROR and not is_not_executable(message)
        return CannotStart(pod, status["name"], message, transient)
    if reason == "CrashLoopBackOff":
        ended = (status.get("lastState") or {}).get("terminated") or {}
        return CrashLoop(
            pod,
            status["name"],
            ended.get("exitCode"),
            ended.get("reason", ""),
            _one_line(ended.get("message")),
            status.get("restartCount", 0),
        )
    return None


def _event_time(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""


def _one_line(message: object) -> str:
    return " ".join(str(message or "").split())
