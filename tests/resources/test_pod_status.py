"""READY, STATUS and RESTARTS beside what Kubernetes' `printPod` prints for the same JSON."""

from typing import Any

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.pod_status import read_pod_status

from .samples import pod, running, terminated, waiting

APP = "grpc-server"
PROXY = "istio-proxy"
INITIALIZING = waiting(APP, "PodInitializing")
INIT_DONE = {**terminated("istio-init"), "ready": True}
SIDECAR = running(PROXY)
COMPLETED = terminated(APP)
DELETED = {"deletionTimestamp": "2026-05-04T11:00:00Z"}


def killed(name: str, signal: int) -> Object:
    return {**terminated(name, None), "state": {"terminated": {"exitCode": 128 + signal, "signal": signal}}}


def starting(*inits: Object, main: Object = INITIALIZING) -> Object:
    return pod(phase="Pending", containers=[main], inits=list(inits), ready=False)


def with_sidecar(sidecar: Object = SIDECAR, main: Object | None = None, **more: Any) -> Object:
    return pod(containers=[main or running(APP)], inits=[INIT_DONE, sidecar], sidecars=[PROXY], **more)


def conditions(**statuses: str) -> Object:
    return {"conditions": [{"type": kind, "status": status} for kind, status in statuses.items()]}


GATED = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}
REASON_OF_ANOTHER_CONDITION = {"conditions": [{"type": "Other", "status": "False", "reason": "SchedulingGated"}]}

AS_PRINTED: dict[str, tuple[Object, str]] = {
    "running": (pod(), "1/1 Running"),
    "not ready": (pod(containers=[running(APP, ready=False)], ready=False), "0/1 Running"),
    "not scheduled": (pod(phase="Pending", containers=[waiting(APP, "")]), "0/1 Pending"),
    "scheduling gated": (pod(phase="Pending", containers=[waiting(APP, "")], status=GATED), "0/1 SchedulingGated"),
    "another condition's reason": (pod(status=REASON_OF_ANOTHER_CONDITION), "1/1 Running"),
    "creating": (pod(phase="Pending", containers=[waiting(APP, "ContainerCreating")]), "0/1 ContainerCreating"),
    "no image": (pod(phase="Pending", containers=[waiting(APP, "ErrImagePull")]), "0/1 ErrImagePull"),
    "crashing": (pod(containers=[waiting(APP, "CrashLoopBackOff")]), "0/1 CrashLoopBackOff"),
    "crashing beside a proxy": (
        pod(containers=[waiting(APP, "CrashLoopBackOff"), running(PROXY)]),
        "1/2 CrashLoopBackOff",
    ),
    "the first of two reasons": (
        pod(containers=[waiting(APP, "CrashLoopBackOff"), terminated(PROXY)]),
        "0/2 CrashLoopBackOff",
    ),
    "failed": (pod(phase="Failed", containers=[terminated(APP, "Error", 1)]), "0/1 Error"),
    "out of memory": (pod(containers=[terminated(APP, "OOMKilled", 137)]), "0/1 OOMKilled"),
    "exit code": (pod(containers=[terminated(APP, None, 3)]), "0/1 ExitCode:3"),
    "signal": (pod(containers=[killed(APP, 9)]), "0/1 Signal:9"),
    "evicted": (pod(phase="Failed", containers=[waiting(APP, "")], status={"reason": "Evicted"}), "0/1 Evicted"),
    "completed": (pod(phase="Succeeded", containers=[COMPLETED], ready=False), "0/1 Completed"),
    "completed beside a running container": (pod(containers=[COMPLETED, running(PROXY)]), "1/2 Running"),
    "completed, and the pod not ready": (pod(containers=[COMPLETED, running(PROXY)], ready=False), "1/2 NotReady"),
    "completed beside a failed container": (
        pod(containers=[COMPLETED, terminated(PROXY, "Error", 1)], ready=False),
        "0/2 Error",
    ),
    "completed beside a running sidecar": (with_sidecar(main=COMPLETED, ready=False), "1/2 Completed"),
    "terminating": (pod(metadata=DELETED), "1/1 Terminating"),
    "terminating while it starts": (
        pod(phase="Pending", containers=[INITIALIZING], inits=[running("istio-init")], metadata=DELETED),
        "0/1 Terminating",
    ),
    "completed before its deletion": (
        pod(phase="Succeeded", containers=[COMPLETED], metadata=DELETED),
        "0/1 Completed",
    ),
    "node lost": (pod(metadata=DELETED, status={"reason": "NodeLost"}), "1/1 Unknown"),
    "proxy as a container": (pod(containers=[running(APP), running(PROXY)], inits=[INIT_DONE]), "2/2 Running"),
    "native sidecar": (with_sidecar(), "2/2 Running"),
    "native sidecar not ready": (with_sidecar(running(PROXY, ready=False), ready=False), "1/2 Running"),
    "native sidecar that crashed later": (
        with_sidecar(waiting(PROXY, "CrashLoopBackOff"), status=conditions(Initialized="True")),
        "1/2 Init:CrashLoopBackOff",
    ),
    "containers go before init once initialized": (
        with_sidecar(
            waiting(PROXY, "CrashLoopBackOff"), waiting(APP, "ImagePullBackOff"), status=conditions(Initialized="True")
        ),
        "0/2 ImagePullBackOff",
    ),
    "init runs": (starting(running("istio-init")), "0/1 Init:0/1"),
    "init waits for a node": (starting(waiting("istio-init", "PodInitializing")), "0/1 Init:0/1"),
    "init has no image": (starting(waiting("istio-init", "ImagePullBackOff")), "0/1 Init:ImagePullBackOff"),
    "init crashes": (starting(waiting("istio-init", "CrashLoopBackOff")), "0/1 Init:CrashLoopBackOff"),
    "init failed": (starting(terminated("istio-init", "Error", 1)), "0/1 Init:Error"),
    "init failed without a reason": (starting(terminated("istio-init", None, 2)), "0/1 Init:ExitCode:2"),
    "init killed": (starting(killed("istio-init", 15)), "0/1 Init:Signal:15"),
    "sidecar waits": (with_sidecar(waiting(PROXY, "PodInitializing"), INITIALIZING, phase="Pending"), "0/2 Init:1/2"),
    "sidecar starts": (
        with_sidecar(running(PROXY, ready=False, started=False), INITIALIZING, phase="Pending"),
        "0/2 Init:1/2",
    ),
    "containers follow the sidecar": (
        with_sidecar(main=waiting(APP, "ContainerCreating"), phase="Pending"),
        "1/2 ContainerCreating",
    ),
}


@pytest.mark.parametrize(("obj", "columns"), AS_PRINTED.values(), ids=AS_PRINTED.keys())
def test_ready_and_status(obj: Object, columns: str) -> None:
    status = read_pod_status(obj)
    assert f"{status.ready}/{status.containers} {status.text}" == columns


def test_a_pod_without_any_container_status() -> None:
    status = read_pod_status({**pod(), "status": {"phase": "Pending"}})
    assert (status.ready, status.containers, status.text, status.restarts) == (0, 1, "Pending", 0)


def restarted(name: str, restarts: int, minute: int | None = None) -> Object:
    ended = {} if minute is None else {"terminated": {"finishedAt": f"2026-05-04T10:{minute:02}:00Z"}}
    return {**running(name, restarts=restarts), "lastState": ended}


INIT_RESTARTED = {**restarted("istio-init", 5, 50), "state": INIT_DONE["state"]}

RESTARTS: dict[str, tuple[Object, int, str | None]] = {
    "none": (pod(), 0, None),
    "the latest end": (pod(containers=[restarted(APP, 2, 40), restarted("b", 1, 30)]), 3, "2026-05-04T10:40:00Z"),
    "no end known": (pod(containers=[restarted(APP, 1)]), 1, None),
    "an end before the first restart": (pod(containers=[restarted(APP, 0, 40)]), 0, None),
    "a running pod counts its sidecars and not its inits": (
        pod(containers=[restarted(APP, 1, 10)], inits=[INIT_RESTARTED, restarted(PROXY, 2, 20)], sidecars=[PROXY]),
        3,
        "2026-05-04T10:20:00Z",
    ),
    "a starting pod counts its inits and not its containers": (
        pod(
            phase="Pending",
            containers=[restarted(APP, 7, 55)],
            inits=[INIT_RESTARTED, {**restarted(PROXY, 1, 20), "started": False}],
            sidecars=[PROXY],
        ),
        6,
        "2026-05-04T10:50:00Z",
    ),
}


@pytest.mark.parametrize(("obj", "restarts", "last"), RESTARTS.values(), ids=RESTARTS.keys())
def test_restarts(obj: Object, restarts: int, last: str | None) -> None:
    status = read_pod_status(obj)
    assert (status.restarts, status.last_restart) == (restarts, last)
