"""Who may do what: no cluster, no entry, not enough rights, and rights that only hide something."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.tools import Demo, kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

USER = "tester"


@pytest.fixture
def as_user(demo: Demo, tmp_path: Path) -> Iterator[Demo]:
    """The demo's namespace, and a user of the cluster who may not yet do anything."""
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "serviceaccount", USER)
    token = demo.kubectl("create", "token", USER).strip()
    yield Demo(demo.namespace, {"KUBECONFIG": _kubeconfig(tmp_path, {"token": token})})


def _kubeconfig(folder: Path, user: dict[str, str]) -> str:
    """The kubeconfig of the target, with other credentials."""
    found = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    found["users"][0]["user"] = user
    path = folder / "kubeconfig"
    path.write_text(json.dumps(found), encoding="utf-8")
    return str(path)


def test_credentials_that_are_not_accepted(demo: Demo, tmp_path: Path) -> None:
    stranger = Demo(demo.namespace, {"KUBECONFIG": _kubeconfig(tmp_path, {"token": "expired"})})
    told = stranger.run("status").check(1)
    assert "does not accept the credentials" in told.error
    assert "log in again" in told.hint


def test_what_is_forbidden_is_named_with_the_command_that_checks_it(as_user: Demo) -> None:
    told = as_user.run("up", "--servers", "1").check(1)
    assert "cannot get namespaces" in told.error
    assert "kubectl auth can-i get namespaces" in told.hint


def test_what_may_not_be_read_is_not_called_ok(as_user: Demo) -> None:
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
        assert "could not check which label the injector listens to" in told.err
        assert admin.ready_column() == {"2/2"}
    finally:
        kubectl("delete", "clusterrole,clusterrolebinding", role)


def test_an_api_server_that_is_not_there(demo: Demo, tmp_path: Path) -> None:
    found = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    found["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "gone").write_text(json.dumps(found), encoding="utf-8")
    told = Demo(demo.namespace, {"KUBECONFIG": str(tmp_path / "gone")}).run("status").check(1)
    assert "https://127.0.0.1:1 cannot be reached" in told.error
    assert "is the cluster running?" in told.hint


def test_no_such_context(demo: Demo) -> None:
    told = demo.run("status", "--context", "no-such-context").check(2)
    assert "no-such-context" in told.error
    assert "get-contexts" in told.hint


def test_the_target_is_named_before_anything_changes(demo: Demo) -> None:
    context = kubectl("config", "current-context").strip()
    assert os.environ["KUBECONFIG"]
    first = demo.run("up", "--dry-run").check(0).err.splitlines()[0]
    assert f"context {context}" in first
    assert demo.namespace in first
