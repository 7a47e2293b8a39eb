"""Access: credentials are checked, and the target is named before anything changes."""

import os
from pathlib import Path

from tests.contract.tools import Demo, kubeconfig_as, kubectl


def test_credentials_that_are_not_accepted(demo: Demo, tmp_path: Path) -> None:
    stranger = Demo(demo.namespace, {"KUBECONFIG": kubeconfig_as(tmp_path, {"token": "expired"})})
    told = stranger.run("status").check(1)
    assert "rejects the credentials" in told.error
    assert "log in again" in told.hint


def test_the_target_is_named_before_anything_changes(demo: Demo) -> None:
    context = kubectl("config", "current-context").strip()
    assert os.environ["KUBECONFIG"]
    first = demo.run("up", "--dry-run").check(0).err.splitlines()[0]
    assert f"context {context}" in first
    assert demo.namespace in first
