"""Why a pod does not become ready, read from the objects alone, as soon as they show it.

A `Trouble` that is `fatal` will not go away by waiting; another may, and is told when time has run out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grpcdemo.errors import Hint, Kubectl
from grpcdemo.kube.api_errors import refusal_hint
from grpcdemo.resources.objects import Object, conditions_of

NO_IMAGE = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"}
NO_CONTAINER = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
PASSING = ('serviceaccount "default" not found', "status unknown for quota")
"""A namespace that was made a moment ago refuses pods until its controllers have seen it."""


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one pod, or with the making of pods."""

    text: str
    fatal: bool
    hint: Hint | str | None = None
    image: str | None = None
    """The image that cannot be had, where that is it."""
    crashed: tuple[str, str] | None = None
    """Pod and container whose last log lines tell more."""
    unschedulable: bool = False


def creation_trouble(replica_sets: Iterable[Object]) -> Trouble | None:
    """Why the pods of a ReplicaSet are not even made: quota, PodSecurity, a webhook."""
    for found in replica_sets:
        failure = conditions_of(found).get("ReplicaFailure", {})
        message = failure.get("message", "")
        if failure.get("status") == "True" and not any(passing in message for passing in PASSING):
            name = found["metadata"]["name"]
            return Trouble(f"no pod of {name} can be made: {message}", True, hint=refusal_hint(message))
    return None


def pod_trouble(pod: Object) -> Trouble | None:
    """Why *pod* is not ready, if it shows a reason."""
    name = pod["metadata"]["name"]
    status = pod.get("status", {})
    if trouble := _scheduling_trouble(name, pod):
        return trouble
    for kind in ("initContainerStatuses", "containerStatuses"):
        for found in status.get(kind) or []:
            if trouble := _container_trouble(name, found):
                return trouble
    if status.get("phase") == "Failed":
        reason = status.get("message") or status.get("reason") or "no reason given"
        return Trouble(f"pod {name} failed: {reason}", False)
    return None


def pod_state(pod: Object, events: Iterable[Object]) -> str:
    """The latest warning about *pod*, or its state: what to say when waiting took too long."""
    name = pod["metadata"]["name"]
    warnings = [found for found in events if found.get("type") == "Warning" and found["involvedObject"]["name"] == name]
    if warnings:
        latest = max(warnings, key=lambda found: found.get("lastTimestamp") or found.get("eventTime") or "")
        return f"pod {name}: {latest.get('reason')}: {' '.join(str(latest.get('message', '')).split())}"
    node_lost = conditions_of(pod).get("Ready", {}).get("reason") == "NodeStatusUnknown"
    return f"pod {name} is on a node that does not answer" if node_lost else f"pod {name} is not ready"


def _scheduling_trouble(name: str, pod: Object) -> Trouble | None:
    scheduled = conditions_of(pod).get("PodScheduled", {})
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return None
    message = scheduled.get("message", "")
    hint = (
        Hint("a node is not ready: see ", Kubectl("get", "nodes"))
        if "not-ready" in message or "unreachable" in message
        else Hint("free or add resources, or ask for fewer pods with `up --servers N`")
    )
    return Trouble(f"pod {name} finds no node: {message}", False, hint=hint, unschedulable=True)


def _container_trouble(pod: str, status: Object) -> Trouble | None:
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason", ""), " ".join(str(waiting.get("message", "")).split())
    container, image = status["name"], status.get("image", "")
    if reason in NO_IMAGE:
        return Trouble(f"pod {pod} cannot get image {image}: {message or reason}", True, image=image)
    if reason in NO_CONTAINER:
        return Trouble(f"container {container} of pod {pod} cannot start: {message or reason}", True)
    if reason == "CrashLoopBackOff":
        return Trouble(
            f"container {container} of pod {pod} crashes ({_last_exit(status)})",
            True,
            crashed=(pod, container),
        )
    return None


def _last_exit(status: Object) -> str:
    ended = (status.get("lastState") or {}).get("terminated") or {}
    text = f"exit code {ended.get('exitCode', 'unknown')}, {status.get('restartCount', 0)} restarts"
    reason = ended.get("reason", "")
    message = " ".join(str(ended.get("message", "")).split())
    why = ": ".join(part for part in (reason if reason != "Error" else "", message) if part)
    return f"{why}, {text}" if why else text
