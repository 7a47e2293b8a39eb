"""Reading pods: READY and STATUS as kubectl prints them, and the Istio proxy, wherever it sits."""

from __future__ import annotations

from grpcdemo.model import Pod, ProxyKind
from grpcdemo.resources.istio import PROXY_CONTAINER
from grpcdemo.resources.labels import APP_NAME
from grpcdemo.resources.objects import Object, conditions_of, labels_of


def read_pod(pod: Object) -> Pod:
    spec, status = pod["spec"], pod.get("status", {})
    sidecars = {found["name"] for found in _sidecars(spec)}
    counted = [*_statuses(status, "containerStatuses")]
    counted += [found for found in _statuses(status, "initContainerStatuses") if found["name"] in sidecars]
    phase = status.get("phase", "Unknown")
    return Pod(
        name=pod["metadata"]["name"],
        uid=pod["metadata"].get("uid", ""),
        app=labels_of(pod).get(APP_NAME, ""),
        status=_status(pod, phase),
        ready_containers=sum(1 for found in counted if found.get("ready")),
        containers=len(spec["containers"]) + len(sidecars),
        restarts=sum(found.get("restartCount", 0) for found in counted),
        ip=status.get("podIP"),
        node=spec.get("nodeName"),
        proxy=proxy_kind(pod),
        ready=conditions_of(pod).get("Ready", {}).get("status") == "True",
        deleting="deletionTimestamp" in pod["metadata"],
        finished=phase in ("Succeeded", "Failed"),
    )


def proxy_kind(pod: Object) -> ProxyKind | None:
    """How Istio's proxy is in the pod. A native sidecar is an init container that is always restarted."""
    if any(found["name"] == PROXY_CONTAINER for found in _sidecars(pod["spec"])):
        return "native sidecar"
    if any(found["name"] == PROXY_CONTAINER for found in pod["spec"]["containers"]):
        return "container"
    return None


def _sidecars(spec: Object) -> list[Object]:
    return [found for found in spec.get("initContainers") or [] if found.get("restartPolicy") == "Always"]


def _statuses(status: Object, kind: str) -> list[Object]:
    return status.get(kind) or []


def _status(pod: Object, phase: str) -> str:
    """The STATUS column of `kubectl get pods`."""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    return _init_status(pod) or _main_status(pod, phase)


def _main_status(pod: Object, phase: str) -> str:
    """The reason of the first container that has one, or the phase."""
    status = pod.get("status", {})
    containers = _statuses(status, "containerStatuses")
    reasons = [reason for found in containers if (reason := _reason(found.get("state") or {}))]
    text = str(reasons[0] if reasons else status.get("reason") or phase)
    if text == "Completed" and any(
        found.get("ready") and (found.get("state") or {}).get("running") for found in containers
    ):
        return "Running" if conditions_of(pod).get("Ready", {}).get("status") == "True" else "NotReady"
    return text


def _reason(state: Object) -> str | None:
    """Why a container does not run."""
    if terminated := state.get("terminated"):
        return str(terminated.get("reason") or f"ExitCode:{terminated.get('exitCode')}")
    return (state.get("waiting") or {}).get("reason")


def _init_status(pod: Object) -> str | None:
    """`Init:…` while an init container has not done its part."""
    declared = pod["spec"].get("initContainers") or []
    sidecars = {found["name"] for found in _sidecars(pod["spec"])}
    for index, found in enumerate(_statuses(pod.get("status", {}), "initContainerStatuses")):
        state = found.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if (terminated and terminated.get("exitCode") == 0) or (found["name"] in sidecars and found.get("started")):
            continue
        if terminated:
            return f"Init:{terminated.get('reason') or 'Error'}"
        reason = waiting.get("reason")
        return f"Init:{reason}" if reason and reason != "PodInitializing" else f"Init:{index}/{len(declared)}"
    return None
