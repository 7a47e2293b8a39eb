"""What goes wrong on clusters, made to happen: the exit code, what the error names, and what is left."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.contract.tools import Demo, kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def test_an_image_that_cannot_be_had(demo: Demo) -> None:
    told = demo.run("up", "--image-prefix", "localhost:1/nowhere", "--timeout", "60").check(1)
    assert "cannot get image localhost:1/nowhere/grpcdemo-" in told.error
    assert "grpcdemo images push localhost:1/nowhere" in told.hint

    demo.run("up", "--servers", "1").check(0)
    assert demo.ready_column() == {"1/1"}, "the next `up` mends it"


def test_a_quota_that_is_too_small(demo: Demo) -> None:
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "quota", "small", "--hard=pods=2")
    told = demo.run("up", "--timeout", "60").check(1)
    assert "exceeded quota: small" in told.error
    assert "ResourceQuota" in told.hint


def test_pod_security_that_allows_us_but_not_the_mesh(demo: Demo) -> None:
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("label", "namespace", demo.namespace, "pod-security.kubernetes.io/enforce=restricted")
    demo.run("up", "--servers", "1").check(0)
    before = set(demo.pods())

    told = demo.run("istio", "on").check(1)
    assert 'violates PodSecurity "restricted' in told.error
    assert "CNI" in told.hint
    assert demo.labels()["istio-injection"] == "disabled", "the label is taken back"
    assert set(demo.pods()) == before


def test_a_container_that_crashes(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    crash = ["python3", "-c", "import sys; print('no configuration for the test'); sys.exit(7)"]
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/command", "value": crash}]
    demo.kubectl("patch", "deployment/grpc-server", "--type=json", "--patch", json.dumps(patch))

    told = demo.run("istio", "on").check(1)
    assert "container grpc-server of pod grpc-server-" in told.error
    assert "exit code 7" in told.error
    assert "no configuration for the test" in told.error
    assert "--previous" in told.hint


def test_a_pod_that_finds_no_node(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    patch = {"spec": {"template": {"spec": {"nodeSelector": {"grpcdemo-test": "no-such-node"}}}}}
    demo.kubectl("patch", "deployment/grpc-server", "--patch", json.dumps(patch))
    told = demo.run("istio", "on").check(1)
    assert "finds no node" in told.error


def test_time_runs_out_and_it_says_what_for(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    probe = {"containers": [{"name": "grpc-server", "readinessProbe": {"grpc": {"port": 1}}}]}
    patch = json.dumps({"spec": {"template": {"spec": probe}}})
    demo.kubectl("patch", "deployment/grpc-server", "--patch", patch)
    told = demo.run("istio", "on", "--timeout", "12").check(1)
    assert "after 12 s still waiting for grpc-server 0/1 ready" in told.error
    assert "--timeout" in told.hint


@pytest.fixture
def no_istiod() -> Iterator[None]:
    """Nothing stands behind the injector."""
    istiod = ("--namespace", "istio-system", "deployment/istiod")
    kubectl("scale", *istiod, "--replicas=0")
    kubectl("--namespace", "istio-system", "wait", "--for=delete", "pod", "--selector=app=istiod", "--timeout=90s")
    yield
    kubectl("scale", *istiod, "--replicas=1")
    kubectl("rollout", "status", *istiod, "--timeout=120s")


def test_an_injector_with_nothing_behind_it(demo: Demo, no_istiod: None) -> None:
    demo.run("up", "--servers", "1").check(0)
    told = demo.run("istio", "on").check(1)
    assert "nothing ready stands behind Istio's injector" in told.error
    assert "nothing was changed" in told.error
    assert demo.labels()["istio-injection"] == "disabled"
    assert demo.ready_column() == {"1/1"}
    assert "NOT READY" in demo.run("istio", "status").check(0).out


@pytest.fixture
def broken_webhook(demo: Demo) -> Iterator[str]:
    """A webhook that no pod of the namespace gets past: its Service does not exist."""
    name = f"{demo.namespace}-broken"
    webhook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "broken.example.com",
                "clientConfig": {"service": {"namespace": demo.namespace, "name": "nobody", "path": "/"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": demo.namespace}},
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    kubectl("create", "-f", "-", stdin=json.dumps(webhook))
    yield name
    kubectl("delete", "mutatingwebhookconfiguration", name, "--ignore-not-found")


def test_a_webhook_that_does_not_answer(demo: Demo, broken_webhook: str) -> None:
    told = demo.run("up", "--servers", "1", "--timeout", "60").check(1)
    assert 'failed calling webhook "broken.example.com"' in told.error
    assert told.hint

    kubectl("delete", "mutatingwebhookconfiguration", broken_webhook)
    demo.run("up", "--servers", "1").check(0)


def test_a_finalizer_that_nobody_clears(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    finalizer = json.dumps({"metadata": {"finalizers": ["example.com/nobody"]}})
    demo.kubectl("patch", "service/grpc-server", "--type=merge", "--patch", finalizer)

    told = demo.run("cleanup", "--timeout", "15").check(1)
    assert "example.com/nobody" in told.error
    assert "finalizer" in told.hint

    demo.kubectl("patch", "service/grpc-server", "--type=merge", "--patch", '{"metadata":{"finalizers":null}}')
    demo.run("cleanup").check(0)
    assert not demo.exists()


def test_an_unknown_revision(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    told = demo.run("istio", "on", "--revision", "no-such").check(1)
    assert "istio.io/rev=no-such" in told.error
    assert "--revision" in told.hint
    assert demo.labels()["istio-injection"] == "disabled"


def test_a_switch_without_a_demo(demo: Demo) -> None:
    told = demo.run("istio", "on").check(1)
    assert "there is no demo" in told.error
    assert "grpcdemo up" in told.hint
