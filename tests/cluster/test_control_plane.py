"""A running and a stopped istiod. The sandbox is its own injector, which cannot be stopped."""

from collections.abc import Iterator

import pytest

from tests.contract.tools import Demo, kubectl

pytestmark = pytest.mark.cluster


def test_istio_status_tells_its_version(demo: Demo) -> None:
    kubectl("create", "namespace", demo.namespace)
    image = kubectl("--namespace", "istio-system", "get", "deployment/istiod", "--output", "jsonpath={..image}")
    told = demo.run("istio", "status", "--output", "json").check(0).json
    assert told["versions"] == [image.rsplit(":", 1)[-1]]


@pytest.fixture
def no_istiod() -> Iterator[None]:
    """The injector has no endpoints."""
    istiod = ("--namespace", "istio-system", "deployment/istiod")
    kubectl("scale", *istiod, "--replicas=0")
    kubectl("--namespace", "istio-system", "wait", "--for=delete", "pod", "--selector=app=istiod", "--timeout=90s")
    yield
    kubectl("scale", *istiod, "--replicas=1")
    kubectl("rollout", "status", *istiod, "--timeout=120s")


@pytest.mark.alone
def test_an_injector_with_nothing_behind_it(demo: Demo, no_istiod: None) -> None:
    demo.run("up", "--servers", "1").check(0)
    told = demo.run("istio", "on").check(1)
    assert "Istio's injector has no ready endpoints" in told.error
    assert "nothing was changed" in told.error
    assert demo.labels()["istio-injection"] == "disabled"
    assert demo.ready_column() == {"1/1"}
    assert "NOT READY" in demo.run("istio", "status").check(0).out
