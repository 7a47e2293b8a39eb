"""The facts that Kubernetes tells in words alone."""

import pytest

from grpcdemo.kube.messages import Refusal, Refuser, is_missing_permission, is_transient, read_refusal

UNREACHABLE = (
    'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: '
    'Post "https://istiod.istio-system.svc:443/inject?timeout=10s": no endpoints available for service "istiod"'
)
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
