"""Why a pod is not ready or not even created, and why an object is not gone: read from the objects alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from grpcdemo.kube.messages import (
    NodeProblem,
    Refusal,
    Refuser,
    is_final_refusal,
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
from grpcdemo.resources.istio import INJECTED_CONTAINERS
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
PATIENT_RESTARTS = 2
"""So often a proxy may be restarted before its crashes count as lasting: its control plane may be slower."""
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


@dataclass(frozen=True)
class Paused:
    """A Deployment whose rollout has been paused: no pod of a new template is created."""

    deployment: ObjectReference


@dataclass(frozen=True)
class CannotCreatePods:
    """A ReplicaSet's pods are refused."""

    replica_set: ObjectReference
    message: str
    refusal: Refusal | None


@dataclass(frozen=True)
class ScaleUp:
    """What an autoscaler said about an unschedulable pod."""

    is_coming: bool
    """It is adding a node."""
    message: str


@dataclass(frozen=True)
class Unschedulable:
    """No node fits the pod, at this moment."""

    pod: ObjectReference
    message: str
    problem: NodeProblem | None
    scale_up: ScaleUp | None = None


@dataclass(frozen=True)
class CannotPullImage:
    """The kubelet cannot pull a container image."""

    pod: ObjectReference
    image: str
    message: str
    transient: bool = False


@dataclass(frozen=True)
class CannotStart:
    """A container cannot be created, for example without its Secret."""

    pod: ObjectReference
    container: str
    message: str
    transient: bool = False


@dataclass(frozen=True)
class CrashLoop:
    """A container ends again and again."""

    pod: ObjectReference
    container: str
    exit_code: int | None
    reason: str
    message: str
    restarts: int
    last_lines: tuple[str, ...] = ()
    """The end of its log."""


@dataclass(frozen=True)
class Failed:
    """A pod in phase Failed; its ReplicaSet replaces it."""

    pod: ObjectReference
    message: str


@dataclass(frozen=True)
class NodeUnreachable:
    """The node controller no longer hears from the kubelet of the pod."""

    pod: ObjectReference


@dataclass(frozen=True)
class NotReady:
    """A pod that is not ready, with the latest warning about it."""

    pod: ObjectReference
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Finalizer:
    """A finalizer that its controller has not removed."""

    name: str


@dataclass(frozen=True)
class Remaining:
    """Objects that a terminating namespace still holds."""

    resource: str
    """As most errors name it: `pods`, `deployments.apps`."""
    count: int


@dataclass(frozen=True)
class FinalizerInside:
    """A finalizer of objects in a terminating namespace."""

    name: str
    count: int
    """How many objects have it."""


@dataclass(frozen=True)
class SilentApi:
    """An API that does not answer, so that the namespace controller cannot delete what a namespace holds of it."""

    group_version: str


@dataclass(frozen=True)
class Undeleted:
    """The namespace controller's attempts to delete the content fail."""

    message: str


@dataclass(frozen=True)
class Condition:
    """Any other true condition of a terminating namespace, or one whose words are new to us."""

    type: str
    message: str


Blocker = Finalizer | Remaining | FinalizerInside | SilentApi | Undeleted | Condition


@dataclass(frozen=True)
class Terminating:
    """An object whose deletion was requested and that is still there, and what blocks it."""

    reference: ObjectReference
    blockers: tuple[Blocker, ...]

    @property
    def has_finalizer(self) -> bool:
        return any(
            isinstance(blocker, Finalizer | FinalizerInside)
            or (isinstance(blocker, Condition) and blocker.type == "NamespaceFinalizersRemaining")
            for blocker in self.blockers
        )

    @property
    def has_silent_api(self) -> bool:
        return any(isinstance(blocker, SilentApi) for blocker in self.blockers)


ContainerTrouble = CannotPullImage | CannotStart | CrashLoop
"""The kubelet tries again after a back-off of up to five minutes, with the pod as it was created."""
PodTrouble = Unschedulable | ContainerTrouble | Failed
Trouble = Paused | CannotCreatePods | PodTrouble | NodeUnreachable | NotReady | Terminating


@dataclass(frozen=True)
class NoDemo:
    """A namespace without a demo, or none at all."""

    namespace: str
    exists: bool = True


@dataclass(frozen=True)
class Missing:
    """An object without which the demo does not work."""

    reference: ObjectReference


@dataclass(frozen=True)
class ScaledToZero:
    """A Deployment that is to have no pods."""

    reference: ObjectReference


Gap = NoDemo | Missing | ScaledToZero
"""What the demo lacks, so that nobody calls or nobody answers."""


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


def subject_of(trouble: Trouble) -> ObjectReference:
    """The object that has the trouble."""
    match trouble:
        case Paused():
            return trouble.deployment
        case CannotCreatePods():
            return trouble.replica_set
        case Terminating():
            return trouble.reference
        case _:
            return trouble.pod


def may_pass(trouble: Trouble) -> bool:
    """Whether *trouble* may pass although nobody changes the demo: a node joins, a registry or a webhook recovers.

    What is not known to last may pass, except where a user waits for the reason: an image that cannot be pulled.
    """
    match trouble:
        case Unschedulable():
            return True
        case CannotPullImage(transient=transient) | CannotStart(transient=transient):
            return transient
        case CrashLoop(container=container, restarts=restarts):
            return container in INJECTED_CONTAINERS and restarts < PATIENT_RESTARTS
        case CannotCreatePods(message=message, refusal=refusal):
            return not is_final_refusal(message) if refusal is None else refusal.by is Refuser.UNREACHABLE_WEBHOOK
        case _:
            return False


def pod_trouble(pod: Object) -> PodTrouble | None:
    """What keeps *pod* from getting ready, if it shows."""
    reference, status = reference_to(PODS, pod), pod.get("status", {})
    scheduled = conditions_of(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") in SCHEDULING_REASONS:
        message = scheduled.get("message", "")
        return Unschedulable(reference, without_preemption(message), read_node_problem(message))
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or []:
            if trouble := _container_trouble(reference, container):
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


def _container_trouble(pod: ObjectReference, status: Object) -> PodTrouble | None:
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
