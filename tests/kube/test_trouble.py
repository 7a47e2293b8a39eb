"""What keeps a pod from getting ready, and an object from going: read as soon as the objects show it, and no sooner."""

from __future__ import annotations

import pytest

from grpcdemo.kube.messages import Refusal, Refuser
from grpcdemo.kube.trouble import (
    CannotCreatePods,
    CannotPullImage,
    CannotStart,
    Condition,
    CrashLoop,
    Failed,
    Finalizer,
    NodeUnreachable,
    NotReady,
    Terminating,
    Unschedulable,
    creation_trouble,
    late_trouble,
    pod_trouble,
    read_terminating,
)
from grpcdemo.resources.objects import Object
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import NAMESPACES, PODS, REPLICA_SETS
from tests.resources.samples import pod, running, waiting

SERVER = "grpc-server"
POD = ObjectReference(PODS, "p", "istio-grpc-demo")
QUOTA = 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3'


def replica_set(message: str, status: str = "True") -> Object:
    condition = {"type": "ReplicaFailure", "status": status, "reason": "FailedCreate", "message": message}
    return {"metadata": {"name": "grpc-server-7d4b9c8f6"}, "status": {"conditions": [condition]}}


def unscheduled(message: str, reason: str = "Unschedulable") -> Object:
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return pod("p", phase="Pending", containers=[], status={"conditions": [condition]})


def warning(of: str, reason: str, message: str, at: str | None, kind: str = "Warning") -> Object:
    return {"type": kind, "reason": reason, "message": message, "lastTimestamp": at, "involvedObject": {"name": of}}


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled(reason: str) -> None:
    status = waiting(SERVER, reason, "no such\n host", image="localhost/x:1")
    assert pod_trouble(pod("p", containers=[status])) == CannotPullImage(POD, "localhost/x:1", "no such host")


@pytest.mark.parametrize("reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])
def test_a_container_that_cannot_start(reason: str) -> None:
    trouble = pod_trouble(pod("p", containers=[waiting(SERVER, reason, 'secret "x"\nnot found')]))
    assert trouble == CannotStart(POD, SERVER, 'secret "x" not found')
    assert pod_trouble(pod("p", containers=[waiting(SERVER, reason)])) == CannotStart(POD, SERVER, reason)


def test_a_crash_loop() -> None:
    ended = {"terminated": {"exitCode": 139, "reason": "OOMKilled", "message": "too\nmuch"}}
    status = waiting(SERVER, "CrashLoopBackOff", restartCount=4, lastState=ended)
    assert pod_trouble(pod("p", containers=[status])) == CrashLoop(POD, SERVER, 139, "OOMKilled", "too much", 4)


def test_a_crash_loop_of_an_init_container() -> None:
    inits = [waiting("istio-init", "CrashLoopBackOff")]
    trouble = pod_trouble(pod("p", inits=inits, containers=[running(SERVER)]))
    assert trouble == CrashLoop(POD, "istio-init", None, "", "", 0)


@pytest.mark.parametrize(
    ("message", "nodes_not_ready"),
    [
        ("0/1 nodes are available: 1 Insufficient cpu.", False),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.", True),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }.", True),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {example.com/unreachable-by-us: }.", False),
    ],
)
def test_an_unschedulable_pod(message: str, nodes_not_ready: bool) -> None:
    assert pod_trouble(unscheduled(message)) == Unschedulable(POD, message, nodes_not_ready)


def test_a_pod_that_waits_for_its_gates_is_not_unschedulable() -> None:
    assert pod_trouble(unscheduled("waiting for scheduling gates", reason="SchedulingGated")) is None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"reason": "Evicted", "message": "low on memory"}, "low on memory"),
        ({"reason": "Evicted"}, "Evicted"),
        ({}, "no reason given"),
    ],
)
def test_a_failed_pod(status: Object, message: str) -> None:
    assert pod_trouble(pod("p", phase="Failed", containers=[], status=status)) == Failed(POD, message)


@pytest.mark.parametrize("obj", [pod(), pod(phase="Pending", containers=[waiting(SERVER, "ContainerCreating")])])
def test_no_trouble_with_a_pod_that_starts(obj: Object) -> None:
    assert pod_trouble(obj) is None


def test_pods_that_cannot_be_created() -> None:
    reference = ObjectReference(REPLICA_SETS, "grpc-server-7d4b9c8f6")
    assert creation_trouble(replica_set(QUOTA)) == CannotCreatePods(reference, QUOTA, Refusal(Refuser.QUOTA, "small"))
    assert creation_trouble(replica_set("out of luck")) == CannotCreatePods(reference, "out of luck", None)


@pytest.mark.parametrize(
    "obj",
    [
        replica_set(QUOTA, status="False"),
        replica_set('error looking up service account x/default: serviceaccount "default" not found'),
        replica_set('pods "x" is forbidden: status unknown for quota: small'),
        {"metadata": {"name": "x"}},
    ],
)
def test_a_new_namespace_refuses_pods_for_a_moment(obj: Object) -> None:
    assert creation_trouble(obj) is None


def test_a_late_pod_has_its_trouble_before_any_warning() -> None:
    obj = unscheduled("Insufficient cpu")
    assert late_trouble(obj, [warning("p", "FailedScheduling", "m", "2026-05-04T10:00:00Z")]) == pod_trouble(obj)


def test_a_late_pod_has_its_latest_warning() -> None:
    events = [
        warning("p", "FailedMount", "old", "2026-05-04T10:00:00Z"),
        warning("p", "Unhealthy", "Readiness probe\n failed", "2026-05-04T10:05:00Z"),
        warning("p", "Started", "no warning", "2026-05-04T10:08:00Z", kind="Normal"),
        warning("other", "Unhealthy", "another pod", "2026-05-04T10:09:00Z"),
        warning("p", "NoTime", "neither field", None),
    ]
    assert late_trouble(pod("p"), events) == NotReady(POD, "Unhealthy", "Readiness probe failed")


def test_a_late_pod_without_a_warning() -> None:
    lost = {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}
    assert late_trouble(pod("p"), []) == NotReady(POD)
    assert late_trouble(pod("p", status=lost), []) == NodeUnreachable(POD)


def test_a_late_pod_that_terminates_has_its_finalizers() -> None:
    obj = pod("p")
    obj["metadata"] |= {"deletionTimestamp": "2026-05-04T10:00:00Z", "finalizers": ["example.com/keep"]}
    assert late_trouble(obj, []) == Terminating(POD, (Finalizer("example.com/keep"),))


def test_true_conditions_of_its_deletion_and_finalizers_block_a_namespace() -> None:
    conditions = [
        {"type": "NamespaceContentRemaining", "status": "True", "message": "1 pod left"},
        {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "all is well"},
        {"type": "Ready", "status": "True", "message": "not about deletion"},
    ]
    metadata = {"name": "demo", "finalizers": ["example.com/keep", "foregroundDeletion"]}
    blockers = (Condition("NamespaceContentRemaining", "1 pod left"), Finalizer("example.com/keep"))
    terminating = read_terminating(NAMESPACES, {"metadata": metadata, "status": {"conditions": conditions}})
    assert terminating == Terminating(ObjectReference(NAMESPACES, "demo"), blockers)
