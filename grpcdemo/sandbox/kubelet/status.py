"""Builds a pod's status from the states of its containers, in a kubelet's words and order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grpcdemo.resources.objects import Object, conditions_of
from grpcdemo.resources.pod_status import FINISHED
from grpcdemo.sandbox.network import HOST_IP


@dataclass
class ContainerState:
    """The present state of one container."""

    name: str
    image: str
    sidecar: bool = False
    """A native sidecar: an init container that is always restarted."""
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Object = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    started: bool = False
    container_id: str = ""
    image_id: str = ""

    @property
    def ended_well(self) -> bool:
        return "terminated" in self.state and self.state["terminated"]["exitCode"] == 0

    @property
    def initialized(self) -> bool:
        """For an init container: whether the next one may start."""
        return self.started if self.sidecar else self.ended_well


@dataclass(frozen=True)
class PodState:
    """What a status is built from."""

    pod_ip: str
    start_time: str
    init: Sequence[ContainerState]
    main: Sequence[ContainerState]
    ephemeral: Sequence[ContainerState] = ()
    running: bool = True
    """Whether any process of the pod may still run."""


def build_status(pod: Object, state: PodState, now: str) -> Object:
    old = pod.get("status") or {}
    phase = find_phase(state)
    status: Object = {
        "phase": phase,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "conditions": _build_conditions(pod, state, phase, now),
        "hostIP": HOST_IP,
        "hostIPs": [{"ip": HOST_IP}],
        "podIP": state.pod_ip,
        "podIPs": [{"ip": state.pod_ip}],
        "startTime": state.start_time,
    }
    if state.init:
        status["initContainerStatuses"] = [build_container_status(container) for container in state.init]
    status["containerStatuses"] = [build_container_status(container) for container in state.main]
    if state.ephemeral:
        status["ephemeralContainerStatuses"] = [build_container_status(container) for container in state.ephemeral]
    return {"qosClass": old["qosClass"], **status} if "qosClass" in old else status


def build_container_status(container: ContainerState) -> Object:
    status: Object = {
        "name": container.name,
        "state": container.state,
        "lastState": container.last_state,
        "ready": container.ready,
        "restartCount": container.restarts,
        "image": container.image,
        "imageID": container.image_id,
        "started": container.started,
    }
    return {**status, "containerID": container.container_id} if container.container_id else status


def find_phase(state: PodState) -> str:
    ended = [container for container in state.main if "terminated" in container.state]
    if not state.running and len(ended) == len(state.main):
        return "Succeeded" if all(container.ended_well for container in ended) else "Failed"
    if not state.running and any(
        "terminated" in container.state and not container.ended_well for container in state.init
    ):
        return "Failed"
    initialized = all(container.initialized or (container.sidecar and container.restarts) for container in state.init)
    never_ran = [container for container in state.main if "waiting" in container.state and not container.last_state]
    return "Pending" if never_ran or not initialized else "Running"


def _build_conditions(pod: Object, state: PodState, phase: str, now: str) -> list[Object]:
    uninitialized = [container.name for container in state.init if not container.initialized]
    sidecars = [container for container in state.init if container.sidecar]
    unready = [container.name for container in (*sidecars, *state.main) if not container.ready]
    ready: Object = {"status": "True"}
    if phase in FINISHED:
        ready = {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        ready = _incomplete("unready", unready, "ContainersNotReady")
    began = any(
        container.started or container.last_state or "waiting" not in container.state for container in state.main
    )
    initialized = (
        {"status": "True"}
        if began or not uninitialized
        else _incomplete("incomplete", uninitialized, "ContainersNotInitialized")
    )
    conditions = {
        "PodReadyToStartContainers": {"status": "True" if state.running else "False"},
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": {"status": "True"},
    }
    built, generation = [], pod["metadata"].get("generation", 1)
    for name, condition in conditions.items():
        old = conditions_of(pod).get(name, {})
        since = old["lastTransitionTime"] if old.get("status") == condition["status"] else now
        times = {"lastProbeTime": None, "lastTransitionTime": since, "observedGeneration": generation}
        built.append({"type": name, **condition, **times})
    return built


def _incomplete(what: str, names: Sequence[str], reason: str) -> Object:
    return {"status": "False", "reason": reason, "message": f"containers with {what} status: [{' '.join(names)}]"}
