"""Why a pod is not ready or not even created, why an object is not gone, and what of it may pass: as values."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.kube.messages import (
    NodeProblem,
    Refusal,
    Refuser,
    is_final_refusal,
)
from grpcdemo.resources.istio import INJECTED_CONTAINERS
from grpcdemo.resources.references import ObjectReference

PATIENT_RESTARTS = 2
"""So often a proxy may be restarted before its crashes count as lasting: its control plane may be slower."""


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
