"""READY, STATUS and the proxy of pods, beside what kubectl prints for the same JSON."""

from __future__ import annotations

import pytest

from grpcdemo.resources.pods import read_pod

from .samples import HASH, Object, pod, running, terminated, waiting

SERVER = "grpc-server"
BACK_OFF = waiting(SERVER, "CrashLoopBackOff", "back-off 10s restarting failed container")
ADDED = running("istio-proxy")
INIT_DONE = {**terminated("istio-init"), "ready": True}

AS_KUBECTL = {
    "plain": (pod(), "1/1", "Running"),
    "not ready yet": (pod(containers=[running(SERVER, ready=False)], ready=False), "0/1", "Running"),
    "being made": (pod(phase="Pending", containers=[waiting(SERVER, "ContainerCreating")]), "0/1", "ContainerCreating"),
    "no image": (pod(phase="Pending", containers=[waiting(SERVER, "ImagePullBackOff")]), "0/1", "ImagePullBackOff"),
    "crashing": (pod(containers=[BACK_OFF]), "0/1", "CrashLoopBackOff"),
    "crashing beside a proxy": (pod(containers=[BACK_OFF, ADDED]), "1/2", "CrashLoopBackOff"),
    "the first with a reason": (pod(containers=[BACK_OFF, terminated("istio-proxy")]), "0/2", "CrashLoopBackOff"),
    "proxy as container": (pod(containers=[running(SERVER), ADDED], inits=[INIT_DONE]), "2/2", "Running"),
    "native sidecar": (pod(inits=[INIT_DONE, ADDED], sidecars=["istio-proxy"]), "2/2", "Running"),
    "sidecar not ready": (
        pod(inits=[INIT_DONE, running("istio-proxy", ready=False)], sidecars=["istio-proxy"]),
        "1/2",
        "Running",
    ),
    "init runs": (
        pod(phase="Pending", containers=[waiting(SERVER, "PodInitializing")], inits=[running("istio-init")]),
        "0/1",
        "Init:0/1",
    ),
    "second init waits": (
        pod(
            phase="Pending",
            containers=[waiting(SERVER, "PodInitializing")],
            inits=[INIT_DONE, waiting("istio-proxy", "PodInitializing")],
            sidecars=["istio-proxy"],
        ),
        "0/2",
        "Init:1/2",
    ),
    "sidecar starts": (
        pod(
            phase="Pending",
            containers=[waiting(SERVER, "PodInitializing")],
            inits=[INIT_DONE, running("istio-proxy", ready=False, started=False)],
            sidecars=["istio-proxy"],
        ),
        "0/2",
        "Init:1/2",
    ),
    "init crashes": (
        pod(
            phase="Pending",
            containers=[waiting(SERVER, "PodInitializing")],
            inits=[waiting("istio-init", "CrashLoopBackOff")],
        ),
        "0/1",
        "Init:CrashLoopBackOff",
    ),
    "init failed": (
        pod(phase="Pending", containers=[], inits=[terminated("istio-init", "Error", 1)]),
        None,
        "Init:Error",
    ),
    "completed": (pod(phase="Succeeded", containers=[terminated(SERVER)], ready=False), "0/1", "Completed"),
    "failed": (pod(phase="Failed", containers=[terminated(SERVER, "Error", 1)]), "0/1", "Error"),
    "killed": (pod(containers=[terminated(SERVER, "OOMKilled", 137)]), "0/1", "OOMKilled"),
    "without a reason": (pod(containers=[terminated(SERVER, None, 3)]), "0/1", "ExitCode:3"),
    "evicted": (pod(phase="Failed", containers=[], status={"reason": "Evicted"}), None, "Evicted"),
    "going": (pod(metadata={"deletionTimestamp": "2026-05-04T11:00:00Z"}), "1/1", "Terminating"),
    "done beside its proxy": (pod(containers=[terminated(SERVER), ADDED], ready=False), "1/2", "NotReady"),
}


@pytest.mark.parametrize("found, ready, status", AS_KUBECTL.values(), ids=AS_KUBECTL.keys())
def test_ready_and_status_are_what_kubectl_prints(found: Object, ready: str | None, status: str) -> None:
    seen = read_pod(found)
    assert seen.status == status
    assert ready is None or seen.ready_text == ready


def test_a_pod_that_no_node_has_yet() -> None:
    found = pod(phase="Pending", ip=None)
    found["status"] = {"phase": "Pending"}
    del found["spec"]["nodeName"]
    seen = read_pod(found)
    assert (seen.ready_text, seen.status, seen.ip, seen.node, seen.ready) == ("0/1", "Pending", None, None, False)


def test_the_proxy_is_looked_for_in_both_lists() -> None:
    assert read_pod(pod(inits=[INIT_DONE, ADDED], sidecars=["istio-proxy"])).proxy == "native sidecar"
    assert read_pod(pod(containers=[running(SERVER), ADDED])).proxy == "container"
    assert read_pod(pod(inits=[INIT_DONE])).proxy is None


def test_an_init_container_that_ends_is_no_proxy() -> None:
    assert read_pod(pod(inits=[terminated("istio-proxy")])).proxy is None


def test_restarts_are_those_of_containers_and_sidecars() -> None:
    found = pod(
        containers=[running(SERVER, restarts=2)], inits=[running("istio-proxy", restarts=3)], sidecars=["istio-proxy"]
    )
    assert read_pod(found).restarts == 5


def test_what_else_is_read_of_a_pod() -> None:
    seen = read_pod(pod())
    assert seen.name == f"grpc-server-{HASH}-x2x8k"
    assert (seen.app, seen.ip, seen.node) == (SERVER, "10.244.0.7", "kind-worker")


@pytest.mark.parametrize(
    "found, live",
    [
        (pod(), True),
        (pod(phase="Pending"), True),
        (pod(metadata={"deletionTimestamp": "2026-05-04T11:00:00Z"}), False),
        (pod(phase="Succeeded"), False),
        (pod(phase="Failed"), False),
    ],
)
def test_a_pod_is_live_until_it_ends_or_is_deleted(found: Object, live: bool) -> None:
    assert read_pod(found).live is live
