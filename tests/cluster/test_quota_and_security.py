"""A namespace that rejects some pods. The sandbox has neither quotas nor PodSecurity."""

import pytest

from tests.contract.tools import Demo, kubectl

pytestmark = pytest.mark.cluster


def test_a_quota_that_is_too_small(demo: Demo) -> None:
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "quota", "small", "--hard=pods=2")
    told = demo.run("up", "--timeout", "60").check(1)
    assert "exceeded quota: small" in told.error
    assert "ResourceQuota" in told.hint


def test_pod_security_that_rejects_the_proxy(demo: Demo) -> None:
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("label", "namespace", demo.namespace, "pod-security.kubernetes.io/enforce=restricted")
    demo.run("up", "--servers", "1").check(0)
    before = set(demo.pods())

    told = demo.run("istio", "on").check(1)
    assert 'violates PodSecurity "restricted' in told.error
    assert "CNI" in told.hint
    assert demo.labels()["istio-injection"] == "disabled", "the label is taken back"
    assert set(demo.pods()) == before
