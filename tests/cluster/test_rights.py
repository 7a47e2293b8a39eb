"""Missing rights. The sandbox grants its user every right."""

from pathlib import Path

import pytest

from tests.contract.tools import Demo, kubeconfig_as, kubectl

pytestmark = pytest.mark.cluster

USER = "tester"


@pytest.fixture
def as_user(demo: Demo, tmp_path: Path) -> Demo:
    """The demo's namespace, and a user of the cluster who may not yet do anything."""
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "serviceaccount", USER)
    token = demo.kubectl("create", "token", USER).strip()
    return Demo(demo.namespace, {"KUBECONFIG": kubeconfig_as(tmp_path, {"token": token})})


def test_a_forbidden_verb_is_named_with_a_check(as_user: Demo) -> None:
    told = as_user.run("up", "--servers", "1").check(1)
    assert "cannot get namespaces" in told.error
    assert "kubectl auth can-i get namespaces" in told.hint


def test_unreadable_webhooks_are_not_called_ok(as_user: Demo) -> None:
    admin = Demo(as_user.namespace)
    admin.kubectl(
        "create", "rolebinding", "tester", "--clusterrole=admin", f"--serviceaccount={admin.namespace}:{USER}"
    )
    role = f"{admin.namespace}-namespaces"
    kubectl("create", "clusterrole", role, "--verb=get,patch", "--resource=namespaces")
    kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", f"--serviceaccount={admin.namespace}:{USER}")
    try:
        as_user.run("up", "--servers", "1").check(0)
        assert "could not check" in as_user.run("istio", "status").check(0).out
        told = as_user.run("istio", "on").check(0)
        assert "could not check which label the injector selects" in told.err
        assert admin.ready_column() == {"2/2"}
    finally:
        kubectl("delete", "clusterrole,clusterrolebinding", role)
