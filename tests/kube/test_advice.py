"""The words for each trouble, in Kubernetes' own terms, and what helps."""

import pytest

from grpcdemo.kube.advice import advise, advise_on_refusal, advise_on_termination, describe
from grpcdemo.kube.messages import NodeProblem, Refusal, Refuser
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
    Paused,
    Remaining,
    ScaleUp,
    SilentApi,
    Terminating,
    Trouble,
    Undeleted,
    Unschedulable,
)
from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS, REPLICA_SETS, SERVICES

POD = ObjectReference(PODS, "p", "demo")
REPLICA_SET = ObjectReference(REPLICA_SETS, "r", "demo")
DEMO = ObjectReference(NAMESPACES, "demo")
IMAGE = "localhost/grpcdemo-server:1"
ISTIO = "namespace.sidecar-injector.istio.io"

TROUBLES: list[tuple[Trouble, str, str | None]] = [
    (
        Paused(ObjectReference(DEPLOYMENTS, "d", "demo")),
        "Deployment d is paused: it does not roll out",
        "`kubectl rollout resume deployments/d --namespace demo`",
    ),
    (
        CannotCreatePods(REPLICA_SET, "exceeded quota: small", Refusal(Refuser.QUOTA, "small")),
        "cannot create pods for replicasets/r: exceeded quota: small",
        "ResourceQuota",
    ),
    (CannotCreatePods(REPLICA_SET, "out of luck", None), "cannot create pods for replicasets/r: out of luck", None),
    (
        Unschedulable(POD, "Insufficient cpu", NodeProblem.FULL),
        "pod p is unschedulable: Insufficient cpu",
        "up --servers N",
    ),
    (
        Unschedulable(POD, "Insufficient cpu", NodeProblem.FULL, ScaleUp(is_coming=True, message="pool 1->2")),
        "pod p is unschedulable: Insufficient cpu; the autoscaler: pool 1->2",
        "wait longer with --timeout",
    ),
    (
        Unschedulable(POD, "Insufficient cpu", NodeProblem.FULL, ScaleUp(is_coming=False, message="max size reached")),
        "pod p is unschedulable: Insufficient cpu; the autoscaler: max size reached",
        "up --servers N",
    ),
    *(
        (Unschedulable(POD, "no node", problem), "pod p is unschedulable: no node", hint)
        for problem, hint in [
            (NodeProblem.NOT_READY, "a node is not ready: see `kubectl get nodes`"),
            (NodeProblem.CORDONED, "`kubectl uncordon NODE`"),
            (NodeProblem.TAINTED, "custom-columns=NAME:.metadata.name,TAINTS:.spec.taints`"),
            (
                NodeProblem.UNMATCHED,
                "no node has the labels that the pods select: see `kubectl get nodes --show-labels`",
            ),
            (None, "up --resources requests.cpu=QUANTITY"),
        ]
    ),
    (CannotPullImage(POD, IMAGE, "denied"), f"pod p cannot pull image {IMAGE}: denied", "images load"),
    (CannotStart(POD, "c", "no secret"), "container c of pod p cannot start: no secret", None),
    (
        CrashLoop(POD, "c", 139, "OOMKilled", "too much", 4),
        "container c of pod p is in a crash loop (OOMKilled: too much, exit code 139, 4 restarts)",
        "`kubectl logs p --container c --previous --namespace demo`",
    ),
    (
        CrashLoop(POD, "c", 1, "Error", "", 1, last_lines=("first", "last")),
        "container c of pod p is in a crash loop (exit code 1, 1 restarts); last log lines: first | last",
        "--previous",
    ),
    (
        CrashLoop(POD, "c", None, "", "", 0),
        "container c of pod p is in a crash loop (exit code unknown, 0 restarts)",
        "--previous",
    ),
    (Failed(POD, "low on memory"), "pod p failed: low on memory", None),
    (NodeUnreachable(POD), "pod p is on an unreachable node", None),
    (NotReady(POD), "pod p is not ready", None),
    (NotReady(POD, "Unhealthy", "probe failed"), "pod p is not ready: Unhealthy: probe failed", None),
    (Terminating(POD, ()), "pods/p is terminating", None),
    (
        Terminating(DEMO, (Remaining("pods", 4), Remaining("replicasets.apps", 1), Finalizer("example.com/keep"))),
        "namespaces/demo (4 pods remain; 1 replicaset remains; finalizer example.com/keep) is terminating",
        None,
    ),
    (
        Terminating(DEMO, (Remaining("widgets.example.com", 2), Remaining("widgets.example.com", 1))),
        "namespaces/demo (2 widgets.example.com remain; 1 of widgets.example.com remains) is terminating",
        None,
    ),
    (
        Terminating(DEMO, (FinalizerInside("a.com/x", 1), FinalizerInside("b.com/y", 2), Undeleted("no luck"))),
        "namespaces/demo (1 object has the finalizer a.com/x; 2 objects have the finalizer b.com/y; "
        "cannot delete everything: no luck) is terminating",
        None,
    ),
    (
        Terminating(DEMO, (SilentApi("metrics.k8s.io/v1beta1"), Condition("Any", "in its own words"))),
        "namespaces/demo (the API metrics.k8s.io/v1beta1 does not answer; in its own words) is terminating",
        None,
    ),
]


@pytest.mark.parametrize(("trouble", "words", "hint"), TROUBLES)
def test_each_trouble_has_its_words_and_its_hint(trouble: Trouble, words: str, hint: str | None) -> None:
    assert describe(trouble) == words
    advice = advise(trouble, LocalCluster(ClusterKind.KIND, "kind"))
    assert advice is None if hint is None else hint in str(advice)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(Refuser.QUOTA, "small"), "raise the ResourceQuota"),
        (Refusal(Refuser.STRICT_QUOTA, "small"), "`kubectl describe resourcequota small --namespace demo`"),
        (Refusal(Refuser.LIMIT_RANGE, "cpu"), "`kubectl describe limitranges --namespace demo`"),
        (Refusal(Refuser.LIMIT_RANGE, "cpu"), "`up --resources`, for Istio's proxy with Istio's value global.proxy"),
        (Refusal(Refuser.SECURITY_CONTEXT, "security context constraint"), "ServiceAccount `default` may use no sec"),
        (Refusal(Refuser.POD_SECURITY, "restricted"), "Istio's CNI plugin"),
        (Refusal(Refuser.UNREACHABLE_WEBHOOK, ISTIO), "`kubectl get pods --namespace istio-system`"),
        (Refusal(Refuser.UNREACHABLE_WEBHOOK, "w"), "webhook w is unreachable"),
        (Refusal(Refuser.WEBHOOK, "w"), "w enforces a policy"),
        (Refusal(Refuser.WEBHOOK, ISTIO), f"{ISTIO} enforces a policy"),
        (Refusal(Refuser.WEBHOOK, "w"), "`kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`"),
        (Refusal(Refuser.WEBHOOK, "w"), "--namespace"),
        (Refusal(Refuser.POLICY, "no-root"), "no-root is an admission policy"),
        (Refusal(Refuser.POLICY, "no-root"), "`kubectl get validatingadmissionpolicies,mutatingadmissionpolicies`"),
        (Refusal(Refuser.NEW_NAMESPACE, "default"), None),
        (None, None),
    ],
)
def test_what_helps_depends_on_who_refused(refusal: Refusal | None, words: str | None) -> None:
    advice = advise_on_refusal(refusal, "demo")
    assert advice is None if words is None else words in str(advice)


@pytest.mark.parametrize(
    ("blocker", "words"),
    [
        (Finalizer("example.com/keep"), "start that controller"),
        (FinalizerInside("example.com/keep", 1), "start that controller"),
        (Condition("NamespaceFinalizersRemaining", "in 1 instance"), "start that controller"),
        (Condition("NamespaceContentRemaining", "a configmap named finalizer is left"), "grpcdemo cleanup"),
    ],
)
def test_what_helps_depends_on_what_blocks_and_not_on_its_words(blocker: Blocker, words: str) -> None:
    advice = str(advise_on_termination([Terminating(DEMO, (blocker,))]))
    assert words in advice
    assert "`kubectl get namespaces/demo --output yaml`" in advice


def test_an_api_that_does_not_answer_is_the_one_to_look_at() -> None:
    stuck = [Terminating(DEMO, (SilentApi("metrics.k8s.io/v1beta1"), Finalizer("example.com/keep")))]
    assert "`kubectl get apiservices`" in str(advise_on_termination(stuck))


def test_the_object_with_the_finalizer_is_the_one_to_look_at() -> None:
    first, second = (ObjectReference(SERVICES, name, "demo") for name in "ab")
    stuck = [Terminating(first, ()), Terminating(second, (Finalizer("example.com/keep"),))]
    assert "get services/b --output yaml --namespace demo" in str(advise_on_termination(stuck))
