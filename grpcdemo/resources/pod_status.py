"""READY, STATUS and RESTARTS of a pod, as `kubectl get pods` prints them.

The rules are those of `printPod` in Kubernetes' pkg/printers/internalversion/printers.go. Its one word, STATUS, is the
first of these that applies: the pod is terminating; an init container holds the pod up; a container waits or has
ended; the pod's own reason or phase.
"""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.resources.objects import Object, conditions_of, has_condition, is_terminating
from grpcdemo.resources.times import parse_time

FINISHED = ("Succeeded", "Failed")
"""The phases of a pod that never runs again."""


@dataclass(frozen=True)
class PodStatus:
    """READY, STATUS and RESTARTS of a pod, as kubectl's table shows them."""

    ready: int
    containers: int
    """All that can be ready: the containers and the native sidecars."""
    text: str
    restarts: int
    last_restart: str | None
    """When the container that restarted last had ended, as the API writes times."""


def read_pod_status(pod: Object) -> PodStatus:
    status = pod.get("status") or {}
    sidecars = {sidecar["name"] for sidecar in sidecars_of(pod)}
    inits, containers = status.get("initContainerStatuses") or [], status.get("containerStatuses") or []
    holder = next((index for index, init in enumerate(inits) if not _is_past(init, sidecars)), None)
    passed, reached = inits[:holder], inits if holder is None else inits[: holder + 1]
    ready = sum(bool(init.get("ready")) for init in passed if init["name"] in sidecars)
    text = _pod_reason(pod)
    if holder is not None:
        text = f"Init:{_init_reason(inits[holder]) or _progress(pod, holder)}"
    if holder is None or has_condition(pod, "Initialized"):
        ready += sum(map(_is_up, containers))
        text = _containers_reason(containers, text, pod_ready=has_condition(pod, "Ready"))
        reached = [*(init for init in reached if init["name"] in sidecars), *containers]
    restarts = sum(container.get("restartCount", 0) for container in reached)
    ends = [end for container in reached if (end := (_terminated(container, "lastState") or {}).get("finishedAt"))]
    return PodStatus(
        ready=ready,
        containers=len(pod["spec"]["containers"]) + len(sidecars),
        text=_termination(pod) or text,
        restarts=restarts,
        last_restart=max(ends, key=parse_time, default=None) if restarts else None,
    )


def sidecars_of(pod: Object) -> list[Object]:
    """The pod's native sidecars: init containers that always restart."""
    return [init for init in pod["spec"].get("initContainers") or [] if is_sidecar(init)]


def is_sidecar(init: Object) -> bool:
    """Of an init container as the spec declares it."""
    return init.get("restartPolicy") == "Always"


def _is_past(init: Object, sidecars: set[str]) -> bool:
    """Whether the next init container may start: this one has succeeded, or is a sidecar that has started."""
    ended = _terminated(init)
    return (ended is not None and ended.get("exitCode") == 0) or (
        init["name"] in sidecars and bool(init.get("started"))
    )


def _init_reason(init: Object) -> str | None:
    reason = _stop_reason(init)
    return None if reason == "PodInitializing" else reason


def _progress(pod: Object, passed: int) -> str:
    return f"{passed}/{len(pod['spec'].get('initContainers') or [])}"


def _pod_reason(pod: Object) -> str:
    if conditions_of(pod).get("PodScheduled", {}).get("reason") == "SchedulingGated":
        return "SchedulingGated"
    status = pod.get("status") or {}
    return str(status.get("reason") or status.get("phase") or "Unknown")


def _containers_reason(containers: list[Object], otherwise: str, *, pod_ready: bool) -> str:
    """Why the first container that does not run does not; a completed one counts only if no other matters more."""
    stopped = {container["name"]: reason for container in containers if (reason := _stop_reason(container))}
    text = next(iter(stopped.values()), otherwise)
    if text != "Completed":
        return text
    running = any(map(_is_up, containers))
    if running and pod_ready:
        return "Running"
    for container in containers:
        if (_terminated(container) or {}).get("exitCode"):
            return stopped[container["name"]]
    return "NotReady" if running else text


def _stop_reason(container: Object) -> str | None:
    """Why a container does not run, as far as its status says."""
    if reason := ((container.get("state") or {}).get("waiting") or {}).get("reason"):
        return str(reason)
    ended = _terminated(container)
    if ended is None:
        return None
    signal = f"Signal:{ended['signal']}" if ended.get("signal") else None
    return str(ended.get("reason") or signal or f"ExitCode:{ended.get('exitCode', 0)}")


def _terminated(container: Object, state: str = "state") -> Object | None:
    ended: Object | None = (container.get(state) or {}).get("terminated")
    return ended


def _is_up(container: Object) -> bool:
    return bool(container.get("ready")) and "running" in (container.get("state") or {})


def _termination(pod: Object) -> str | None:
    status = pod.get("status") or {}
    if not is_terminating(pod):
        return None
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return None if status.get("phase") in FINISHED else "Terminating"
