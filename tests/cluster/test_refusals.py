"""A cluster that refuses the demo says so with what helps. The sandbox has none of these rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.policies import ASSIGNED, assigning_policy, denying_policy
from tests.cluster.refusing_webhook import refusing_webhook
from tests.contract.tools import SLOWLY, Demo, kubeconfig_as, kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

TAINT = "example.com/tests"
WEBHOOK = "no-demos.example.com"


@pytest.fixture
def namespace(demo: Demo) -> Demo:
    """The demo's namespace exists."""
    kubectl("create", "namespace", demo.namespace)
    return demo


def limit(demo: Demo, **limits: object) -> None:
    item = {"type": "Container", **limits}
    body = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "narrow"}, "spec": {"limits": [item]}}
    demo.kubectl("create", "-f", "-", stdin=json.dumps(body))


def test_a_limit_range_that_is_common_admits_the_demo(namespace: Demo) -> None:
    limit(namespace, max={"cpu": "500m", "memory": "512Mi"}, maxLimitRequestRatio={"cpu": "10", "memory": "2"})
    namespace.run("up", "--servers", "1", *SLOWLY).check(0)


def test_a_limit_range_that_refuses(namespace: Demo) -> None:
    limit(namespace, min={"cpu": "50m"}, maxLimitRequestRatio={"cpu": "2"})
    told = namespace.run("up", "--servers", "1", *SLOWLY).check(1)
    assert "minimum cpu usage per Container is 50m, but request is 20m" in told.error
    assert "`up --resources`" in told.hint
    assert f"`kubectl describe limitranges --namespace {namespace.namespace}" in told.hint

    namespace.run("up", "--servers", "1", "--resources", "requests.cpu=100m,limits.cpu=200m", *SLOWLY).check(0)


def test_a_quota_that_wants_requests_and_limits_admits_the_demo(namespace: Demo) -> None:
    hard = "requests.cpu=1,requests.memory=2Gi,limits.cpu=20,limits.memory=20Gi,requests.ephemeral-storage=1Gi"
    namespace.kubectl("create", "quota", "strict", f"--hard={hard}")
    namespace.run("up", "--servers", "1", *SLOWLY).check(0)
    namespace.run("istio", "on").check(0)


def test_an_admission_policy_that_refuses(namespace: Demo) -> None:
    with denying_policy(namespace, "no demos here") as name:
        told = namespace.run("up", "--servers", "1", *SLOWLY).check(1)
    assert f"ValidatingAdmissionPolicy '{name}'" in told.error
    assert told.error.endswith("no demos here")
    assert f"{name} is an admission policy of this cluster" in told.hint


def test_a_webhook_that_refuses_in_many_lines(namespace: Demo) -> None:
    message = "\n\nresource Pod was blocked due to the following policies\n\nno-demos:\n  rule-1: 'not here'\n"
    with refusing_webhook(namespace, WEBHOOK, message):
        told = namespace.run("up", "--servers", "1", *SLOWLY).check(1)
    assert told.error.endswith(f'admission webhook "{WEBHOOK}" denied the request:')
    assert "  resource Pod was blocked due to the following policies\n  no-demos:\n    rule-1: 'not here'\n" in told.err
    assert f"webhook {WEBHOOK} enforces a policy" in told.hint


def test_a_user_that_the_cluster_assigns(namespace: Demo) -> None:
    with assigning_policy(namespace):
        namespace.run("up", "--servers", "2").check(0)
        assert {pod["spec"]["securityContext"]["runAsUser"] for pod in namespace.pods().values()} == {ASSIGNED}
        namespace.run("observe", "--expect", "pinned").check(0)
        namespace.run("istio", "on").check(0)
        namespace.run("observe", "--expect", "balanced").check(0)


def test_no_right_to_create_namespaces(demo: Demo, namespace: Demo, tmp_path: Path) -> None:
    demo.kubectl("create", "serviceaccount", "reader")
    demo.kubectl("create", "clusterrole", demo.namespace, "--verb=get", "--resource=namespaces")
    subject = f"--serviceaccount={demo.namespace}:reader"
    demo.kubectl("create", "clusterrolebinding", demo.namespace, f"--clusterrole={demo.namespace}", subject)
    try:
        token = demo.kubectl("create", "token", "reader").strip()
        kubeconfig = kubeconfig_as(tmp_path, {"token": token})
        told = Demo(f"{demo.namespace}-new", {"KUBECONFIG": kubeconfig}).run("up").check(1)
    finally:
        kubectl("delete", "clusterrole,clusterrolebinding", demo.namespace)
    assert 'cannot create resource "namespaces"' in told.error
    assert "choose an existing namespace that you may use with --namespace" in told.hint


@pytest.fixture
def tainted() -> Iterator[None]:
    """No node takes a pod that does not tolerate a taint."""
    kubectl("taint", "nodes", "--all", f"{TAINT}=only:NoSchedule")
    yield
    kubectl("taint", "nodes", "--all", f"{TAINT}-")


@pytest.fixture
def cordoned() -> Iterator[None]:
    """No node takes new pods."""
    kubectl("cordon", "--selector=kubernetes.io/os")
    yield
    kubectl("uncordon", "--selector=kubernetes.io/os")


@pytest.mark.alone
def test_nodes_that_are_cordoned(demo: Demo, cordoned: None) -> None:
    told = demo.run("up", "--servers", "1", "--timeout", "15s").check(1)
    assert "node(s) were unschedulable" in told.error
    assert "`kubectl uncordon NODE`" in told.hint


@pytest.mark.alone
def test_nodes_that_are_tainted(demo: Demo, tainted: None) -> None:
    told = demo.run("up", "--servers", "1", "--timeout", "15s").check(1)
    assert "taint" in told.error
    assert "remove one, or add an untainted node" in told.hint
