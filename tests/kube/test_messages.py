"""The facts that Kubernetes tells in words alone."""

import pytest

from grpcdemo.kube.messages import (
    NodeProblem,
    Refusal,
    Refuser,
    is_missing_permission,
    is_not_started,
    is_transient,
    read_node_problem,
    read_refusal,
    read_text,
    shorten,
)

UNREACHABLE = (
    'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: '
    'Post "https://istiod.istio-system.svc:443/inject?timeout=10s": no endpoints available for service "istiod"'
)
KYVERNO = (
    'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Pod/demo/p was blocked due to the '
    "following policies \n\nrequire-run-as-nonroot:\n  run-as-non-root: 'validation error: Running as root is not "
    "allowed. rule run-as-non-root failed at path /spec/securityContext/runAsNonRoot/'\n"
)
GATEKEEPER = (
    'admission webhook "validation.gatekeeper.sh" denied the request: [pods-must-have-owner] you must provide labels: '
    '{"owner"}\n[allowed-repos] container <grpc-server> has an invalid image repo <localhost/grpcdemo-server:0.1.0>'
)
KUBEWARDEN = (
    'admission webhook "clusterwide-privileged-pods.kubewarden.admission" denied the request: '
    "Privileged container is not allowed"
)
SCC = (
    'pods "grpc-server-5d8f-" is forbidden: unable to validate against any security context constraint: [provider '
    '"anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: '
    "Invalid value: 65532: must be in the ranges: [1000660000, 1000669999]]"
)
PSP = (
    'pods "p" is forbidden: PodSecurityPolicy: unable to admit pod: [spec.initContainers[0].securityContext.'
    'capabilities.add: Invalid value: "NET_ADMIN": capability may not be added]'
)
RATIO = (
    'pods "grpc-server-7d-x" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is '
    "10.000000"
)
RANGE = (
    'pods "p" is forbidden: [minimum memory usage per Pod is 256Mi, but request is 67108864, '
    "maximum cpu usage per Container is 100m, but limit is 200m]"
)
UNLIMITED = 'pods "p" is forbidden: maximum ephemeral-storage usage per Container is 1Gi.  No limit is specified'
STRICT = (
    'pods "p" is forbidden: failed quota: storage: must specify limits.ephemeral-storage for: grpc-server; '
    "requests.ephemeral-storage for: grpc-server"
)
MUTATING = "policy 'add-user' with binding 'all' denied request: no such key: securityContext"
UNBOUND = "ValidatingAdmissionPolicy 'no-root' denied request: failed to configure policy: no such resource"
DENIED = 'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/demo/p cannot run as root'

REFUSALS: list[tuple[str, Refusal | None]] = [
    (UNREACHABLE, Refusal(Refuser.UNREACHABLE_WEBHOOK, "namespace.sidecar-injector.istio.io")),
    (DENIED, Refusal(Refuser.WEBHOOK, "validate.kyverno.svc-fail")),
    ('admission webhook "w" denied the request without explanation', Refusal(Refuser.WEBHOOK, "w")),
    # A webhook's words are its own: it may quote a quota, or a webhook that it failed to call.
    ('admission webhook "w" denied the request: exceeded quota: small', Refusal(Refuser.WEBHOOK, "w")),
    (f'admission webhook "w" denied the request: {UNREACHABLE}', Refusal(Refuser.WEBHOOK, "w")),
    (f'failed calling webhook "w": an error: {DENIED}', Refusal(Refuser.UNREACHABLE_WEBHOOK, "w")),
    ('pods "p" is forbidden: exceeded quota: small, requested: pods=1', Refusal(Refuser.QUOTA, "small")),
    (
        'pods "p" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities',
        Refusal(Refuser.POD_SECURITY, "restricted:latest"),
    ),
    (
        "pods \"p\" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'b' denied request: runs as root",
        Refusal(Refuser.POLICY, "no-root"),
    ),
    ('admission webhook "w" does not support dry run', Refusal(Refuser.NO_DRY_RUN, "w")),
    (KYVERNO, Refusal(Refuser.WEBHOOK, "validate.kyverno.svc-fail")),
    (GATEKEEPER, Refusal(Refuser.WEBHOOK, "validation.gatekeeper.sh")),
    (KUBEWARDEN, Refusal(Refuser.WEBHOOK, "clusterwide-privileged-pods.kubewarden.admission")),
    (SCC, Refusal(Refuser.SECURITY_CONTEXT, "security context constraint")),
    (PSP, Refusal(Refuser.SECURITY_CONTEXT, "PodSecurityPolicy")),
    (RATIO, Refusal(Refuser.LIMIT_RANGE, "cpu")),
    (RANGE, Refusal(Refuser.LIMIT_RANGE, "memory")),
    (UNLIMITED, Refusal(Refuser.LIMIT_RANGE, "ephemeral-storage")),
    (STRICT, Refusal(Refuser.STRICT_QUOTA, "storage")),
    (MUTATING, Refusal(Refuser.POLICY, "add-user")),
    (UNBOUND, Refusal(Refuser.POLICY, "no-root")),
    (f'admission webhook "w" denied the request: {UNBOUND}', Refusal(Refuser.WEBHOOK, "w")),
    ('error looking up service account x/default: serviceaccount "default" not found', None),
    ('pods "p" is forbidden: status unknown for quota: small, resources: pods', None),
    ('Pod "p" is invalid: spec.containers: Required value', None),
    ("the webhook is fine", None),
    ("", None),
]


@pytest.mark.parametrize(("message", "refusal"), REFUSALS)
def test_who_refused_an_object(message: str, refusal: Refusal | None) -> None:
    read = read_refusal(message)
    assert (None if read and read.by is Refuser.NEW_NAMESPACE else read) == refusal


@pytest.mark.parametrize(
    ("message", "name"),
    [('serviceaccount "default" not found', "default"), ("status unknown for quota: small, resources: pods", "small")],
)
def test_a_namespace_may_be_too_new(message: str, name: str) -> None:
    assert read_refusal(message) == Refusal(Refuser.NEW_NAMESPACE, name)


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ('pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "demo"', True),
        ('forbidden: User "jane" cannot get path "/version"', True),
        ('pods "p" is forbidden: exceeded quota: small', False),
        ('admission webhook "w" denied the request: users cannot create resources', False),
    ],
)
def test_a_missing_permission_is_told_from_a_refused_object(message: str, missing: bool) -> None:
    assert is_missing_permission(message) is missing


@pytest.mark.parametrize(
    ("message", "transient"),
    [
        ("pull QPS exceeded", True),
        ("unexpected status from HEAD request to https://r.example.com/v2/x: 503 Service Unavailable", True),
        ("toomanyrequests: You have reached your pull rate limit", True),
        ("failed to do request: dial tcp 10.0.0.1:443: i/o timeout", True),
        ('failed to reserve container name "x": name "x" is reserved for "1a2b"', True),
        ("etcdserver: leader changed", True),
        ('Back-off pulling image "r.example.com/x:1"', True),
        ('Back-off pulling image "r.example.com/x:1": ErrImagePull: r.example.com/x:1: not found', False),
        ("failed to resolve reference: unexpected status: 403 Forbidden", False),
        ("dial tcp: lookup r.exmaple.com: no such host", False),
        ("dial tcp 127.0.0.1:443: connect: connection refused", False),
        ("pull access denied, repository does not exist or may require authorization", False),
        ('couldn\'t parse image name "X:503"', False),
        ("", False),
    ],
)
def test_a_passing_failure_is_told_from_one_that_stays(message: str, transient: bool) -> None:
    assert is_transient(message) is transient


NODES = "0/3 nodes are available: "
PROBLEMS = [
    (NODES + "3 node(s) had untolerated taint(s). preemption: 0/3 nodes are available", NodeProblem.TAINTED),
    (NODES + "1 node(s) had untolerated taint {dedicated: gpu}, 2 Insufficient cpu.", NodeProblem.FULL),
    (NODES + "3 node(s) had taint {dedicated: gpu}, that the pod didn't tolerate.", NodeProblem.TAINTED),
    (NODES + "3 node(s) had taints that the pod didn't tolerate.", NodeProblem.TAINTED),
    (NODES + "3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.", NodeProblem.NOT_READY),
    (NODES + "1 node(s) had untolerated taint(s), 2 node(s) were unschedulable.", NodeProblem.CORDONED),
    (NODES + "3 Too many pods.", NodeProblem.FULL),
    (NODES + "1 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector.", NodeProblem.FULL),
    (NODES + "3 node(s) didn't match Pod's node affinity/selector.", NodeProblem.UNMATCHED),
    (NODES + "3 node(s) didn't match node selector.", NodeProblem.UNMATCHED),
    ("Scheduling is blocked due to non-empty scheduling gates", None),
    ("", None),
]


@pytest.mark.parametrize(("message", "problem"), PROBLEMS)
def test_why_no_node_takes_a_pod(message: str, problem: NodeProblem | None) -> None:
    assert read_node_problem(message) is problem


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b"<!DOCTYPE html>\n<html><head><title>502\n Bad Gateway</title></head><body>x</body></html>",
            "502 Bad Gateway",
        ),
        (
            b"<html><style>p {}</style><body><h1>503 Service &amp; all</h1>nginx</body></html>",
            "503 Service & all nginx",
        ),
        (b"404 page not found\n", "404 page not found"),
        (b"one\ntwo\n", "one two"),
        (b"", ""),
        (b"x" * 9999, "x" * 199 + "\u2026"),
    ],
)
def test_the_text_of_a_body_is_one_short_line(body: bytes, text: str) -> None:
    assert read_text(body) == text


def test_the_url_of_a_kubelet_is_left_out() -> None:
    refused = 'Get "https://10.0.0.2:10250/containerLogs/demo/x/c?follow=true": dial tcp 10.0.0.2:10250: i/o timeout'
    assert shorten(f"cannot get pods/log x: {refused}") == "cannot get pods/log x: dial tcp 10.0.0.2:10250: i/o timeout"


@pytest.mark.parametrize(
    "message",
    [
        'container "c" in pod "p" is waiting to start: ContainerCreating',
        'container "c" in pod "p" is waiting to start - no logs yet',
        'container "c" in pod "p" is not available',
        "pod p does not have a host assigned",
    ],
)
def test_a_container_that_has_not_started(message: str) -> None:
    assert is_not_started(message)
    assert not is_not_started("container c is not valid for pod p")
