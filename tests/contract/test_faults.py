"""Faults of clusters: the exit code, what the error names, and what is left."""

import json
from collections.abc import Iterator

import pytest

from tests.contract.injectors import one_more_injector
from tests.contract.strangers import build_service
from tests.contract.tools import FINALIZER, SMALL, Demo, kubectl


def test_an_image_that_cannot_be_pulled(demo: Demo) -> None:
    told = demo.run("up", "--image-prefix", "localhost:1/nowhere", "--timeout", "60").check(1)
    assert "cannot pull image localhost:1/nowhere/grpcdemo-" in told.error
    assert "grpcdemo images push localhost:1/nowhere" in told.hint

    demo.run("up", *SMALL, "--image-prefix", "localhost").check(0)
    assert demo.ready_column() == {"1/1"}, "an `up` that names another registry repairs it"


def test_a_container_that_crashes(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    crash = ["python3", "-c", "import sys; print('no configuration for the test'); sys.exit(7)"]
    demo.patch_container("grpc-server", command=crash)

    told = demo.run("istio", "on").check(1)
    assert "container grpc-server of pod grpc-server-" in told.error
    assert "exit code 7" in told.error
    assert "no configuration for the test" in told.error
    assert "--previous" in told.hint


def test_an_unschedulable_pod(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    demo.patch_template("grpc-server", spec={"nodeSelector": {"grpcdemo-test": "no-such-node"}})
    told = demo.run("istio", "on", "--timeout", "20").check(1)
    assert "is unschedulable" in told.error


def test_a_timeout_says_what_was_awaited(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    demo.patch_container("grpc-server", readinessProbe={"grpc": {"port": 1}})
    told = demo.run("istio", "on", "--timeout", "12").check(1)
    assert "timed out after 12s waiting for grpc-server 0/1 ready" in told.error
    assert "--timeout" in told.hint


@pytest.fixture
def idle_injector(demo: Demo) -> Iterator[str]:
    """A revision whose Service has no endpoints."""
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "-f", "-", stdin=build_service("nobody"))
    with one_more_injector(demo.namespace, service=f"{demo.namespace}/nobody") as revision:
        yield revision


def test_an_injector_without_ready_endpoints(demo: Demo, idle_injector: str) -> None:
    demo.run("up", *SMALL).check(0)
    told = demo.run("istio", "on", "--revision", idle_injector).check(1)
    assert "Istio's injector has no ready endpoints" in told.error
    assert "nothing was changed" in told.error
    assert demo.labels()["istio-injection"] == "disabled"
    assert demo.ready_column() == {"1/1"}
    status = demo.run("istio", "status").check(0).out
    assert f"revision {idle_injector} ({demo.namespace}/nobody, NOT READY)" in " ".join(status.split())


@pytest.fixture
def broken_webhook(demo: Demo) -> Iterator[str]:
    """A webhook whose Service does not exist, and which every new pod of the namespace needs."""
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
    told = demo.run("up", *SMALL, "--timeout", "60").check(1)
    assert 'failed calling webhook "broken.example.com"' in told.error
    assert told.hint

    kubectl("delete", "mutatingwebhookconfiguration", broken_webhook)
    demo.run("up", *SMALL).check(0)


def test_a_finalizer_that_remains(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    with demo.holding("service/grpc-server"):
        told = demo.run("cleanup", "--timeout", "15").check(1)
    assert FINALIZER in told.error
    assert "finalizer" in told.hint

    demo.run("cleanup").check(0)
    assert not demo.exists()


def test_an_unknown_revision(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    told = demo.run("istio", "on", "--revision", "no-such").check(1)
    assert "istio.io/rev=no-such" in told.error
    assert "--revision" in told.hint
    assert demo.labels()["istio-injection"] == "disabled"


def test_a_switch_without_a_demo(demo: Demo) -> None:
    told = demo.run("istio", "on").check(1)
    assert "there is no demo" in told.error
    assert "grpcdemo up" in told.hint
