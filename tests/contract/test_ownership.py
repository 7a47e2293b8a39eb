"""Foreign objects are not changed without consent, not deleted, and given back unchanged."""

import pytest

from tests.contract.strangers import build_deployment, build_service
from tests.contract.tools import SMALL, Demo, kubectl


@pytest.fixture
def lent(demo: Demo) -> Demo:
    """A foreign namespace with an injection label."""
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("label", "namespace", demo.namespace, "istio-injection=enabled", "team=checkout")
    return demo


def test_a_lent_namespace_is_given_back_as_it_was(lent: Demo) -> None:
    before = lent.get("namespace", lent.namespace)["metadata"]
    lent.run("up", *SMALL).check(0)
    assert lent.labels()["istio-injection"] == "disabled"
    lent.run("istio", "on").check(0)
    lent.run("istio", "off").check(0)
    lent.run("cleanup").check(0)

    after = lent.get("namespace", lent.namespace)["metadata"]
    assert after["uid"] == before["uid"]
    assert after["labels"] == before["labels"]
    assert after.get("annotations") == before.get("annotations")
    assert lent.kubectl("get", "all", "--output", "name") == ""


def test_a_shared_namespace_is_relabeled_only_with_consent(lent: Demo) -> None:
    lent.kubectl("create", "-f", "-", stdin=build_deployment("shop"))
    told = lent.run("up", *SMALL).check(1)
    assert "deployments/shop" in told.error
    assert "--allow-shared-namespace" in told.hint
    assert lent.labels()["istio-injection"] == "enabled"
    assert not lent.pods()

    lent.run("up", *SMALL, "--allow-shared-namespace").check(0)
    lent.run("cleanup").check(0)
    assert lent.labels()["istio-injection"] == "enabled"
    assert "deployment.apps/shop" in lent.kubectl("get", "all", "--output", "name")


def test_a_foreign_service_is_not_taken_over(lent: Demo) -> None:
    lent.kubectl("create", "-f", "-", stdin=build_service("grpc-server"))
    told = lent.run("up", *SMALL).check(1)
    assert "Service grpc-server exists" in told.error
    assert "--namespace" in told.hint
    lent.run("cleanup").check(0)
    assert "service/grpc-server" in lent.kubectl("get", "services", "--output", "name")
    assert lent.labels()["istio-injection"] == "enabled"


def test_a_namespace_with_foreign_objects_is_kept(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    demo.kubectl("create", "-f", "-", stdin=build_service("precious"))
    told = demo.run("cleanup").check(0)
    assert "services/precious" in told.err
    assert demo.kubectl("get", "all", "--output", "name") == "service/precious\n"

    demo.kubectl("delete", "service", "precious")
    demo.run("cleanup").check(0)
    assert not demo.exists()


def test_cleanup_without_a_demo_changes_nothing(lent: Demo) -> None:
    before = lent.get("namespace", lent.namespace)
    assert "nothing created by grpcdemo" in lent.run("cleanup").check(0).err
    assert lent.get("namespace", lent.namespace) == before
