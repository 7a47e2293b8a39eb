"""What keeps a pod from becoming ready, and a deletion from finishing, as soon as the objects show it."""

from typing import Any

import pytest

from grpcdemo.kube.messages import NodeProblem, Refusal, Refuser
from grpcdemo.kube.symptoms import (
    CONFIG_ERROR,
    creation_trouble,
    late_trouble,
    pod_trouble,
    read_scale_up,
    read_terminating,
)
from grpcdemo.kube.trouble import (
    Blocker,
    CannotCreatePods,
    CannotPullImage,
    CannotStart,
    Condition,
    CrashLoop,
    Failed,
    Finalizer,
    FinalizerInside,
    NodeUnreachable,
    NotReady,
    Remaining,
    ScaleUp,
    SilentApi,
    Terminating,
    Trouble,
    Undeleted,
    Unschedulable,
    may_pass,
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


def starting(container: str, reason: str, message: str = "", **more: Any) -> Object:
    return pod("p", containers=[waiting(container, reason, message, **more)])


TIMED_OUT = "context deadline exceeded"
NO_TAINT = "0/1 nodes are available: 1 Insufficient cpu."
TAINT = "0/1 nodes are available: 1 node(s) had untolerated taint {%s: }."
ENDED = {"terminated": {"exitCode": 139, "reason": "OOMKilled", "message": "too\nmuch"}}
TROUBLES: list[tuple[Object, Trouble | None]] = [
    *(
        (starting(SERVER, reason, "no such\n host", image="x:1"), CannotPullImage(POD, "x:1", "no such host"))
        for reason in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "SignatureValidationFailed")
    ),
    (starting(SERVER, CONFIG_ERROR, 'no secret\n"x"'), CannotStart(POD, SERVER, 'no secret "x"')),
    (starting(SERVER, CONFIG_ERROR), CannotStart(POD, SERVER, CONFIG_ERROR)),
    *(
        (starting(SERVER, reason, message), CannotStart(POD, SERVER, message or reason, transient))
        for reason in ("CreateContainerError", "RunContainerError")
        for message, transient in [
            ('exec: "x": executable file not found in $PATH', False),
            ("exec /x: exec format error", False),
            ("error mounting /x to rootfs: not a directory", False),
            (TIMED_OUT, True),
            ("runc create failed: cannot set up cgroups", True),
            ("", True),
        ]
    ),
    (
        starting(SERVER, "CrashLoopBackOff", restartCount=4, lastState=ENDED),
        CrashLoop(POD, SERVER, 139, "OOMKilled", "too much", 4),
    ),
    (
        pod("p", inits=[waiting("istio-init", "CrashLoopBackOff")], containers=[running(SERVER)]),
        CrashLoop(POD, "istio-init", None, "", "", 0),
    ),
    (unscheduled(NO_TAINT), Unschedulable(POD, NO_TAINT, NodeProblem.FULL)),
    *(
        (unscheduled(TAINT % taint), Unschedulable(POD, TAINT % taint, problem))
        for taint, problem in [
            ("node.kubernetes.io/not-ready", NodeProblem.NOT_READY),
            ("node.kubernetes.io/unreachable", NodeProblem.NOT_READY),
            ("example.com/unreachable-by-us", NodeProblem.TAINTED),
        ]
    ),
    (unscheduled("non-empty gates", reason="SchedulingGated"), Unschedulable(POD, "non-empty gates", None)),
    (starting(SERVER, "RegistryUnavailable", "x", image="x:1"), CannotPullImage(POD, "x:1", "x", transient=True)),
    (pod("p", phase="Failed", status={"reason": "Evicted", "message": "no memory"}), Failed(POD, "no memory")),
    (pod("p", phase="Failed", status={"reason": "Evicted"}), Failed(POD, "Evicted")),
    (pod("p", phase="Failed"), Failed(POD, "no reason given")),
    (pod(), None),
    (pod(phase="Pending", containers=[waiting(SERVER, "ContainerCreating")]), None),
]


@pytest.mark.parametrize(("obj", "trouble"), TROUBLES)
def test_the_trouble_of_a_pod(obj: Object, trouble: Trouble | None) -> None:
    assert pod_trouble(obj) == trouble


def test_pods_that_cannot_be_created() -> None:
    reference = ObjectReference(REPLICA_SETS, "grpc-server-7d4b9c8f6")
    assert creation_trouble(replica_set(QUOTA)) == CannotCreatePods(reference, QUOTA, Refusal(Refuser.QUOTA, "small"))
    assert creation_trouble(replica_set("out of luck")) == CannotCreatePods(reference, "out of luck", None)


@pytest.mark.parametrize(
    ("trouble", "may"),
    [
        (Unschedulable(POD, "Insufficient cpu", NodeProblem.FULL), True),
        (CannotPullImage(POD, "x:1", "not found"), False),
        (CannotPullImage(POD, "x:1", "i/o timeout", transient=True), True),
        (CannotStart(POD, SERVER, "no secret"), False),
        (CannotStart(POD, SERVER, TIMED_OUT, transient=True), True),
        (CrashLoop(POD, SERVER, 1, "Error", "", 1), False),
        (CrashLoop(POD, "istio-proxy", 1, "Error", "", 1), True),
        (CrashLoop(POD, "istio-validation", 126, "Error", "", 1), True),
        (CrashLoop(POD, "istio-proxy", 1, "Error", "", 2), False),
        (creation_trouble(replica_set(QUOTA)), False),
        (creation_trouble(replica_set('admission webhook "w" denied the request: no')), False),
        (creation_trouble(replica_set('failed calling webhook "w": no endpoints available')), True),
        (creation_trouble(replica_set("etcdserver: leader changed")), True),
        (creation_trouble(replica_set("Internal error occurred: unexpected EOF")), True),
        (creation_trouble(replica_set('Pod "x" is invalid: spec: Required value')), False),
        (creation_trouble(replica_set('pods "x" is forbidden: no reason that we know')), False),
        (creation_trouble(replica_set("admission plugin X denied it")), False),
    ],
)
def test_what_may_pass_by_itself_is_waited_for(trouble: Trouble, may: bool) -> None:
    assert may_pass(trouble) is may


def test_the_autoscaler_is_quoted_with_its_latest_word_about_the_pod() -> None:
    events = [
        warning("p", "NotTriggerScaleUp", "max size", "2026-05-04T10:00:00Z"),
        warning("p", "TriggeredScaleUp", "1->2", "2026-05-04T10:01:00Z"),
        warning("p", "FailedScheduling", "no node", "2026-05-04T10:02:00Z"),
        warning("other", "NotTriggerScaleUp", "max size", "2026-05-04T10:03:00Z"),
    ]
    trouble = Unschedulable(POD, "no node", None)
    assert read_scale_up(trouble, events).scale_up == ScaleUp(is_coming=True, message="1->2")
    assert read_scale_up(trouble, events[2:]) == trouble


@pytest.mark.parametrize(
    "obj",
    [
        replica_set(QUOTA, status="False"),
        {**replica_set(QUOTA), "metadata": {"name": "x", "deletionTimestamp": "2026-05-04T10:00:00Z"}},
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


def terminating_namespace(finalizers: list[str], **messages: str) -> Object:
    conditions = [{"type": kind, "status": "True", "message": message} for kind, message in messages.items()]
    conditions.append({"type": "NamespaceDeletionGroupVersionParsingFailure", "status": "False", "message": "none"})
    return {"metadata": {"name": "demo", "finalizers": finalizers}, "status": {"conditions": conditions}}


def test_true_conditions_of_its_deletion_and_finalizers_block_a_namespace() -> None:
    namespace = terminating_namespace(
        ["example.com/keep", "foregroundDeletion", "team.example.com/keep"],
        NamespaceContentRemaining="Some resources are remaining: pods. has 4 resource instances",
        Ready="not about deletion",
    )
    finalizers = (Finalizer("example.com/keep"), Finalizer("team.example.com/keep"))
    blockers = (Remaining("pods", 4), *finalizers)
    assert read_terminating(NAMESPACES, namespace) == Terminating(ObjectReference(NAMESPACES, "demo"), blockers)


DEAD_API = (
    "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
    "metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1"
)
STILL_THERE = (
    "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: demo for gvr: "
    "/v1, Resource=pods"
)
REFUSED = "Failed to delete all resource types, 1 remaining: Internal error occurred: no\nluck"


@pytest.mark.parametrize(
    ("kind", "message", "blockers"),
    [
        (
            "NamespaceContentRemaining",
            "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 4 resource instances",
            (Remaining("deployments.apps", 1), Remaining("pods", 4)),
        ),
        (
            "NamespaceFinalizersRemaining",
            "Some content in the namespace has finalizers remaining: example.com/keep in 2 resource instances",
            (FinalizerInside("example.com/keep", 2),),
        ),
        ("NamespaceDeletionDiscoveryFailure", DEAD_API, (SilentApi("metrics.k8s.io/v1beta1"),)),
        ("NamespaceDeletionContentFailure", REFUSED, (Undeleted("Internal error occurred: no luck"),)),
        ("NamespaceDeletionContentFailure", STILL_THERE, ()),
        *(
            (kind, "other words", (Condition(kind, "other words"),))
            for kind in ("NamespaceContentRemaining", "NamespaceDeletionDiscoveryFailure")
        ),
        (
            "NamespaceContentRemaining",
            "Some resources are remaining: pods. has 4 resource instances, and more",
            (
                Condition(
                    "NamespaceContentRemaining",
                    "Some resources are remaining: pods. has 4 resource instances, and more",
                ),
            ),
        ),
    ],
)
def test_what_a_condition_says_is_read(kind: str, message: str, blockers: tuple[Blocker, ...]) -> None:
    assert read_terminating(NAMESPACES, terminating_namespace([], **{kind: message})).blockers == blockers


def test_why_no_eviction_would_help_is_left_out() -> None:
    message = "0/1 nodes are available: 1 node(s) were unschedulable"
    tail = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    for text in (f"{message}. {tail}", f"{message}. no new claims to deallocate, {tail}", message):
        assert pod_trouble(unscheduled(text)) == Unschedulable(POD, message, NodeProblem.CORDONED)
