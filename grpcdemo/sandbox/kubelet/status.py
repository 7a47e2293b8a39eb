"""A pod's status, from the states of its containers. Pure; the words and their order are a kubelet's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.network import HOST_IP

CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass
class ContainerState:
    """One container as it is now."""

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
        """As an init container: whether the next one may go."""
        return self.started if self.sidecar else self.ended_well


@dataclass(frozen=True)
class PodState:
    """Everything that a status is made of."""

    pod_ip: str
    start_time: str
    init: Sequence[ContainerState]
    main: Sequence[ContainerState]
    running: bool = True
    """Whether there is anything left of the pod on the node."""


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
        status["initContainerStatuses"] = [build_container_status(found) for found in state.init]
    status["containerStatuses"] = [build_container_status(found) for found in state.main]
    return {**{key: old[key] for key in ("qosClass",) if key in old}, **status}


def build_container_status(found: ContainerState) -> Object:
    status: Object = {
        "name": found.name,
        "state": found.state,
        "lastState": found.last_state,
        "ready": found.ready,
        "restartCount": found.restarts,
        "image": found.image,
        "imageID": found.image_id,
        "started": found.started,
    }
    return {**status, "containerID": found.container_id} if found.container_id else status


def find_phase(state: PodState) -> str:
    ended = [found for found in state.main if "terminated" in found.state]
    if not state.running and len(ended) == len(state.main):
        return "Succeeded" if all(found.ended_well for found in ended) else "Failed"
    if not state.running and any("terminated" in found.state and not found.ended_well for found in state.init):
        return "Failed"
    initialized = all(found.initialized or (found.sidecar and found.restarts) for found in state.init)
    never_ran = [found for found in state.main if "waiting" in found.state and not found.last_state]
    return "Pending" if never_ran or not initialized else "Running"


def _build_conditions(pod: Object, state: PodState, phase: str, now: str) -> list[Object]:
    uninitialized = [found.name for found in state.init if not found.initialized]
    sidecars = [found for found in state.init if found.sidecar]
    unready = [found.name for found in (*sidecars, *state.main) if not found.ready]
    ready: Object = {"status": "True"}
    if phase in ("Succeeded", "Failed"):
        ready = {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        ready = _incomplete("unready", unready, "ContainersNotReady")
    began = any(found.started or found.last_state or "waiting" not in found.state for found in state.main)
    initialized = (
        {"status": "True"}
        if began or not uninitialized
        else _incomplete("incomplete", uninitialized, "ContainersNotInitialized")
    )
    said = {
        "PodReadyToStartContainers": {"status": "True" if state.running else "False"},
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": {"status": "True"},
    }
    old = {found["type"]: found for found in (pod.get("status") or {}).get("conditions") or []}
    generation = pod["metadata"].get("generation", 1)
    return [_build_condition(name, said[name], old.get(name, {}), generation, now) for name in CONDITIONS]


def _incomplete(what: str, names: Sequence[str], reason: str) -> Object:
    return {"status": "False", "reason": reason, "message": f"containers with {what} status: [{' '.join(names)}]"}


def _build_condition(name: str, said: Object, old: Object, generation: int, now: str) -> Object:
    since = old["lastTransitionTime"] if old.get("status") == said["status"] else now
    times = {"lastProbeTime": None, "lastTransitionTime": since, "observedGeneration": generation}
    return {"type": name, **said, **times}
