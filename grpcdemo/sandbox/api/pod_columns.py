"""What `kubectl get pods` shows: one word for the state of all containers, as a cluster's own printer finds it."""

from __future__ import annotations

from datetime import datetime

from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import parse_time, write_age

NONE = "<none>"
Cells = list[str | int]


def pod_cells(pod: Object, now: datetime) -> Cells:
    spec, status = pod["spec"], pod.get("status", {})
    started = [found for found in status.get("initContainerStatuses", []) if _is_sidecar(spec, found)]
    counted = [*started, *status.get("containerStatuses", [])]
    total = len(spec.get("containers", [])) + sum(_restarts_always(found) for found in spec.get("initContainers", []))
    ready = sum(bool(found.get("ready")) for found in counted)
    return [
        pod["metadata"]["name"],
        f"{ready}/{total}",
        pod_reason(pod),
        _restarts(pod, now),
        write_age(pod["metadata"].get("creationTimestamp"), now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(pod),
    ]


def pod_reason(pod: Object) -> str:
    """The word in the column STATUS."""
    status = pod.get("status", {})
    reason: str = status.get("reason") or status.get("phase") or "Unknown"
    if any(found.get("reason") == "SchedulingGated" for found in status.get("conditions", [])):
        reason = "SchedulingGated"
    ended = status.get("phase") in ("Succeeded", "Failed")
    if "deletionTimestamp" in pod["metadata"] and not ended:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return _init_reason(pod) or _container_reason(status, reason)


def _init_reason(pod: Object) -> str | None:
    """What the first init container that holds the others up does; None where none does."""
    declared = {found["name"]: found for found in pod["spec"].get("initContainers", [])}
    for number, found in enumerate(pod.get("status", {}).get("initContainerStatuses", [])):
        state = found.get("state", {})
        ended, waiting = state.get("terminated"), state.get("waiting", {})
        if ended and ended.get("exitCode") == 0:
            continue
        if _restarts_always(declared.get(found["name"], {})) and found.get("started"):
            continue
        if ended:
            return f"Init:{ended.get('reason') or _exit_word(ended)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{number}/{len(declared)}"
    return None


def _container_reason(status: Object, reason: str) -> str:
    """The trouble of the first container that has any."""
    has_running = False
    for found in reversed(status.get("containerStatuses", [])):
        state = found.get("state", {})
        if word := state.get("waiting", {}).get("reason"):
            reason = word
        elif "terminated" in state:
            reason = state["terminated"].get("reason") or _exit_word(state["terminated"])
        elif found.get("ready") and "running" in state:
            has_running = True
    if reason == "Completed" and has_running:
        return "Running" if _condition(status, "Ready") == "True" else "NotReady"
    return reason


def _exit_word(ended: Object) -> str:
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _restarts(pod: Object, now: datetime) -> str:
    """How often containers were restarted, and when last. Init containers count while they hold the others up."""
    status = pod.get("status", {})
    inits = status.get("initContainerStatuses", [])
    starting = _init_reason(pod) is not None
    sidecars = [found for found in inits if _is_sidecar(pod["spec"], found)]
    counted = inits if starting else [*sidecars, *status.get("containerStatuses", [])]
    total = sum(found.get("restartCount", 0) for found in counted)
    ends = [found.get("lastState", {}).get("terminated", {}).get("finishedAt") for found in counted]
    last = max((end for end in ends if end), key=parse_time, default=None)
    return f"{total} ({write_age(last, now)} ago)" if total and last else str(total)


def _gates(pod: Object) -> str:
    gates = pod["spec"].get("readinessGates", [])
    passed = sum(_condition(pod.get("status", {}), gate["conditionType"]) == "True" for gate in gates)
    return f"{passed}/{len(gates)}" if gates else NONE


def _condition(status: Object, kind: str) -> str | None:
    return next((found.get("status") for found in status.get("conditions", []) if found["type"] == kind), None)


def _is_sidecar(spec: Object, status: Object) -> bool:
    return any(found["name"] == status["name"] and _restarts_always(found) for found in spec.get("initContainers", []))


def _restarts_always(container: Object) -> bool:
    return container.get("restartPolicy") == "Always"
