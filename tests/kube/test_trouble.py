"""Why a pod does not get ready: read as soon as the objects show it, and no sooner."""

from __future__ import annotations

import pytest

from grpcdemo.kube.trouble import creation_trouble, pod_state, pod_trouble
from tests.resources.samples import Object, pod, running, waiting

SERVER = "grpc-server"


def replica_set(message: str, status: str = "True") -> Object:
    condition = {"type": "ReplicaFailure", "status": status, "reason": "FailedCreate", "message": message}
    return {"metadata": {"name": "grpc-server-7d4b9c8f6"}, "status": {"conditions": [condition]}}


def unscheduled(message: str) -> Object:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return pod(phase="Pending", containers=[], status={"conditions": [condition]})


def warning(of: str, reason: str, message: str, at: str | None) -> Object:
    return {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
        "involvedObject": {"name": of},
    }


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"])
def test_an_image_that_cannot_be_had_is_fatal_and_named(reason: str) -> None:
    found = pod_trouble(pod(containers=[waiting(SERVER, reason, "no such host", image="localhost/x:1")]))
    assert found is not None
    assert found.fatal
    assert found.image == "localhost/x:1"
    assert "localhost/x:1" in found.text
    assert "no such host" in found.text


@pytest.mark.parametrize("reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])
def test_a_container_that_cannot_start_is_fatal(reason: str) -> None:
    found = pod_trouble(pod(containers=[waiting(SERVER, reason, 'secret "x"\nnot found')]))
    assert found is not None
    assert found.fatal
    assert found.text.endswith('secret "x" not found')


def test_a_crash_tells_how_it_ended_and_whose_log_to_read() -> None:
    ended = {"terminated": {"exitCode": 139, "reason": "OOMKilled"}}
    crashing = waiting(SERVER, "CrashLoopBackOff", restartCount=4, lastState=ended)
    found = pod_trouble(pod("p", containers=[crashing]))
    assert found is not None
    assert found.fatal
    assert found.crashed == ("p", SERVER)
    assert "OOMKilled, exit code 139, 4 restarts" in found.text


def test_a_crashing_init_container_is_found() -> None:
    found = pod_trouble(pod(inits=[waiting("istio-init", "CrashLoopBackOff")], containers=[running(SERVER)]))
    assert found is not None
    assert found.crashed is not None
    assert found.crashed[1] == "istio-init"


@pytest.mark.parametrize(
    "message, word",
    [
        ("0/1 nodes are available: 1 Insufficient cpu.", "--servers"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.", "get nodes"),
    ],
)
def test_a_pod_without_a_node_may_still_find_one(message: str, word: str) -> None:
    found = pod_trouble(unscheduled(message))
    assert found is not None
    assert found.unschedulable
    assert not found.fatal
    assert message in found.text
    assert word in str(found.hint)


def test_a_failed_pod_may_be_replaced() -> None:
    found = pod_trouble(pod(phase="Failed", containers=[], status={"reason": "Evicted", "message": "low on memory"}))
    assert found is not None
    assert not found.fatal
    assert "low on memory" in found.text


@pytest.mark.parametrize("found", [pod(), pod(phase="Pending", containers=[waiting(SERVER, "ContainerCreating")])])
def test_nothing_is_wrong_with_a_pod_that_is_on_its_way(found: Object) -> None:
    assert pod_trouble(found) is None


@pytest.mark.parametrize(
    "message, word",
    [
        (
            'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3',
            "ResourceQuota",
        ),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities', "CNI"),
        ('Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io"', "15017"),
    ],
)
def test_pods_that_cannot_even_be_made_are_fatal(message: str, word: str) -> None:
    found = creation_trouble([replica_set(message)])
    assert found is not None
    assert found.fatal
    assert message in found.text
    assert word in str(found.hint)


@pytest.mark.parametrize(
    "found",
    [
        replica_set("exceeded quota: x", status="False"),
        replica_set('error looking up service account x/default: serviceaccount "default" not found'),
        replica_set('pods "x" is forbidden: status unknown for quota: small'),
        {"metadata": {"name": "x"}},
    ],
)
def test_a_refusal_that_passes_by_itself_is_none(found: Object) -> None:
    assert creation_trouble([found]) is None


def test_the_state_is_the_latest_warning_about_the_pod() -> None:
    events = [
        warning("p", "FailedMount", "old", "2026-05-04T10:00:00Z"),
        warning("p", "Unhealthy", "Readiness probe\n failed", "2026-05-04T10:05:00Z"),
        warning("other", "Unhealthy", "not this one", "2026-05-04T10:09:00Z"),
        warning("p", "NoTime", "neither field", None),
    ]
    assert pod_state(pod("p"), events) == "pod p: Unhealthy: Readiness probe failed"


def test_the_state_without_a_warning() -> None:
    lost = {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}
    assert "not ready" in pod_state(pod("p"), [])
    assert "does not answer" in pod_state(pod("p", status=lost), [])
