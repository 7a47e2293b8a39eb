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


def test_a_quota_that_was_raised_ends_the_second_try_at_once(demo: Demo) -> None:
    """The controller of the refused pods is in back-off, and the ReplicaSet still has its condition."""
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "quota", "small", "--hard=pods=2")
    demo.run("up").check(1)
    created = set(demo.pods())
    demo.kubectl("patch", "quota", "small", "--patch", '{"spec": {"hard": {"pods": "4"}}}')
    demo.run("up").check(0)
    assert created < set(demo.pods())


def test_a_quota_with_room_for_half_a_restart(demo: Demo) -> None:
    demo.run("up").check(0)
    demo.kubectl("create", "quota", "small", "--hard=pods=6")
    demo.run("istio", "on").check(0)
    assert demo.ready_column() == {"2/2"}


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
