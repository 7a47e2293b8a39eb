"""What `kubectl get pods` shows for every state of a pod that the demo meets; rows as a cluster printed them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.pod_columns import pod_cells

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=timezone.utc)
RUNNING = {"running": {"startedAt": "2026-01-01T00:00:10Z"}}


def waiting(reason: str) -> Object:
    return {"waiting": {"reason": reason}}


def ended(code: int, reason: str = "", **more: Any) -> Object:
    return {"terminated": {"exitCode": code, **({"reason": reason} if reason else {}), **more}}


def status(name: str, state: Object, **more: Any) -> Object:
    return {"name": name, "state": state, "ready": state is RUNNING, "started": state is RUNNING, **more}


def build_pod(
    containers: list[Object], inits: list[Object] | None = None, *, phase: str = "Running", **metadata: Any
) -> Object:
    sidecar = {"name": "istio-proxy", "restartPolicy": "Always"}
    return {
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z", **metadata},
        "spec": {
            "nodeName": "node",
            "containers": [{"name": "c"}],
            **({"initContainers": [{"name": "istio-init"}, sidecar]} if inits is not None else {}),
        },
        "status": {
            "phase": phase,
            "podIP": "10.0.0.7",
            "containerStatuses": containers,
            "initContainerStatuses": inits or [],
        },
    }


CREATING = status("c", waiting("ContainerCreating"))
INITIALIZING = status("c", waiting("PodInitializing"))
C = status("c", RUNNING)
INIT = status("istio-init", ended(0, "Completed"))
PROXY = status("istio-proxy", RUNNING)
LAST = {"lastState": ended(1, "Error", finishedAt="2026-01-01T00:09:00Z")}

CASES: list[tuple[Object, str, str, str]] = [
    (build_pod([], phase="Pending"), "0/1", "Pending", "0"),
    (build_pod([CREATING], phase="Pending"), "0/1", "ContainerCreating", "0"),
    (build_pod([C]), "1/1", "Running", "0"),
    (build_pod([{**C, "ready": False}]), "0/1", "Running", "0"),
    (build_pod([C], deletionTimestamp="2026-01-01T00:10:30Z"), "1/1", "Terminating", "0"),
    (build_pod([status("c", waiting("ErrImagePull"))], phase="Pending"), "0/1", "ErrImagePull", "0"),
    (
        build_pod([status("c", waiting("CrashLoopBackOff"), restartCount=2, **LAST)]),
        "0/1",
        "CrashLoopBackOff",
        "2 (60s ago)",
    ),
    (build_pod([{**C, "restartCount": 1, **LAST}]), "1/1", "Running", "1 (60s ago)"),
    (build_pod([status("c", ended(1, "Error"))], phase="Failed"), "0/1", "Error", "0"),
    (build_pod([status("c", ended(0, "Completed"))], phase="Succeeded"), "0/1", "Completed", "0"),
    (build_pod([status("c", ended(137))]), "0/1", "ExitCode:137", "0"),
    (build_pod([status("c", ended(0, signal=9))]), "0/1", "Signal:9", "0"),
    (
        build_pod([INITIALIZING], [status("istio-init", waiting("PodInitializing"))], phase="Pending"),
        "0/2",
        "Init:0/2",
        "0",
    ),
    (
        build_pod([INITIALIZING], [INIT, status("istio-proxy", waiting("PodInitializing"))], phase="Pending"),
        "0/2",
        "Init:1/2",
        "0",
    ),
    (
        build_pod([INITIALIZING], [status("istio-init", waiting("ImagePullBackOff"))], phase="Pending"),
        "0/2",
        "Init:ImagePullBackOff",
        "0",
    ),
    (
        build_pod([INITIALIZING], [status("istio-init", ended(1, "Error"), restartCount=1)], phase="Pending"),
        "0/2",
        "Init:Error",
        "1",
    ),
    (build_pod([CREATING], [INIT, PROXY], phase="Pending"), "1/2", "ContainerCreating", "0"),
    (build_pod([C], [INIT, PROXY]), "2/2", "Running", "0"),
    (build_pod([C], [INIT, {**PROXY, "ready": False, "restartCount": 3}]), "1/2", "Running", "3"),
]


@pytest.mark.parametrize(("pod", "ready", "word", "restarts"), CASES, ids=range(len(CASES)))
def test_a_row(pod: Object, ready: str, word: str, restarts: str) -> None:
    assert pod_cells(pod, NOW) == ["p", ready, word, restarts, "10m", "10.0.0.7", "node", "<none>", "<none>"]


def test_readiness_gates() -> None:
    pod = build_pod([C])
    pod["spec"]["readinessGates"] = [{"conditionType": "x"}, {"conditionType": "y"}]
    pod["status"]["conditions"] = [{"type": "x", "status": "True"}]
    assert pod_cells(pod, NOW)[-1] == "1/2"
